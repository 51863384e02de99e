"""Environments at a glance: the `boutique status` command."""
