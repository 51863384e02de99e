"""Configurations with errors, by what is wrong."""
