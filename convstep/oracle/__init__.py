"""What is right: independent sources of the gradients, and the comparison with them."""
