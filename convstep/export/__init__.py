"""Pictures of the real program, run without a terminal."""
