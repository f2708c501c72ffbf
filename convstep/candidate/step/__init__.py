"""Step through a black box beside the reference."""
