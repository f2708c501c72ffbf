"""Time: moving through the steps of a backward pass. NumPy only."""
