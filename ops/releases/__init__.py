"""Releases of environments: shown, set, promoted and rolled back."""
