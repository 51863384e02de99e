"""The route table of an environment: built, rendered, read back and resolved."""
