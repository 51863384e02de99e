"""The `boutique` command: what a team does day by day, on top of the same program that `pulumi up` runs."""
