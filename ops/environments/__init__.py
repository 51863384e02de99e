"""The status of environments: the `boutique status` command."""
