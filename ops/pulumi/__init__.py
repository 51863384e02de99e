"""Runs the `pulumi` command, and reads stacks with it."""
