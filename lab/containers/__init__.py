"""Runs the programs of images: a root file system, namespaces and a process of their own for each container."""
