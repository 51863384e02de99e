"""Stand-in workloads: what the lab runs in place of an app container."""
