"""Bundled problems, and how each was made. Importing this loads no NumPy: only `load` does."""

from convstep.examples.catalog import DEFAULT, EXAMPLES, Example, load, names

__all__ = ["DEFAULT", "EXAMPLES", "Example", "load", "names"]
