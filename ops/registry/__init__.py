"""Queries image registries: the tags of a repository, the newest tag, the digest of a tag."""
