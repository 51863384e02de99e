"""What commands ask image registries: which tags a repository has, which is the newest, which manifest a tag names."""
