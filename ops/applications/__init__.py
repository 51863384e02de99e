"""Applications as commands see them: their files, where those come from, and the stand-ins that the lab runs."""
