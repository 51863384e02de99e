"""Names, labels, image references and versions."""
