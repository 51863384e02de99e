"""Importing an application from Kubernetes manifests, as they are applied to a cluster."""
