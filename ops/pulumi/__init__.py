"""Runs the `pulumi` command and reads what it says of stacks."""
