"""Describes the changes of a pull request to the project's stacks, for its reviewers."""
