"""The smoke test of an environment: its stack, its pods, and its pages."""
