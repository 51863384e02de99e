"""Access to the Kubernetes API without Pulumi: kubeconfigs, requests, ownership, rollout status."""
