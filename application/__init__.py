"""Online Boutique as data."""
