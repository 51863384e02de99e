"""The output of the `boutique lab` commands."""
