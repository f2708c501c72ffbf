"""Many backwards at once: those of a file, or of everybody who has handed something in."""
