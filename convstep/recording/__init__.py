"""Any function over NumPy arrays as steps: it runs once, and the log of what it did goes both ways.

The function's syntax tree is rewritten (`rewrite`), its code runs with hooks (`hooks`, `recorder`), and
what they noted (`log`) is replayed (`recording`). Loops of plain arithmetic need none (`sweeps`). Knows
no operator.
"""
