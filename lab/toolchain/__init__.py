"""The tools of the lab: found, or built once from Go modules into a cache."""
