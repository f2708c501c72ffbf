"""What a step is, whatever is stepped: its place in the loops, and what it reads and writes.

Knows NumPy alone, and no operator.
"""
