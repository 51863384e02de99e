"""A target's namespace: its names, its deployers' rights, its quota."""
