"""Official releases of the lab's tools: fetched from their publishers, checked, and kept like built ones."""
