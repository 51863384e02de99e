"""A workload as an environment runs it."""
