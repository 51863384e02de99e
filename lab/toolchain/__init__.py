"""The tools of the lab: found, fetched from their publishers, or built from Go modules; once, into a cache."""
