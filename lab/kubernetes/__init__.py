"""The control plane: its components, their credentials and the nodes."""
