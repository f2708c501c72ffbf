"""ONE small language: what stops' conditions and the expressions of lessons are written in.

Knows NumPy alone; whoever uses it says which names there are.
"""
