"""The Helm releases that the program installs, and how an update that was killed in one of them is picked up."""
