"""The layers of a stack: which components each section of its configuration builds; wiring only."""
