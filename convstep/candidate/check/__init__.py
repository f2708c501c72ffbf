"""Small problems, what is right on each, and what a candidate makes of them."""
