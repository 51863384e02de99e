"""The `boutique audit` command."""
