"""The lab's kubelet: gives the pods of the mesh networks and processes of their own, and reports their status."""
