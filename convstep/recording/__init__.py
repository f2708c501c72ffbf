"""Any function over NumPy arrays as steps: it runs once, and the log of what it did goes both ways.

Its tree is rewritten (`rewrite`), runs with hooks (`hooks`, `recorder`; plain loops need none: `sweeps`), and
what they noted (`log`) is replayed (`recording`). Knows no operator.
"""
