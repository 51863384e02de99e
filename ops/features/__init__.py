"""The `boutique feature` command."""
