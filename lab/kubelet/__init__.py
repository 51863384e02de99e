"""The kubelet's own API: what the API server asks a node for, such as logs and connections into pods."""
