"""What the `boutique lab` commands show."""
