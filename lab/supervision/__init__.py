"""The namespaces a lab runs in, and the one process that keeps it alive."""
