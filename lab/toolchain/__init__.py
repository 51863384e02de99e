"""The tools of the lab: installed ones, fetched from their publishers, or built from Go modules into a cache."""
