"""What a change of the project would do to its stacks, as people read it in a pull request."""
