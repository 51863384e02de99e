"""The effective routes of an environment."""
