"""What is shown at one position."""
