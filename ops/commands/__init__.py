"""One Typer module for each command group of `boutique`."""
