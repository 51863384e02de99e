"""Istio, its policies and its gateways, as plain objects."""
