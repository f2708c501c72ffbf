"""Whether a backward is the gradient of its author's own forward: in the end, while it runs, line by line.

What is said is that it differs from what the forward says, and how that was found out; never that it is
wrong. Runs the author's code, and so belongs into the process in which that runs.
"""
