"""How numbers look: cells of a fixed width, common factors, scales, digits for a class."""
