"""The lab: a real Kubernetes control plane on one machine, without Docker and without root."""
