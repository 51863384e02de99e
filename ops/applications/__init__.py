"""Applications as commands see them: their files, and the stand-ins that the lab runs for them."""
