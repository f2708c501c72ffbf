"""The mathematics: convolution forward, the steppable backward, geometry. NumPy only."""
