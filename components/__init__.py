"""Pulumi components: each turns one part of the model into Kubernetes objects."""
