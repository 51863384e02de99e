"""Commands that show, set, promote and roll back releases of environments."""
