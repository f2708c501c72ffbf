"""Calling somebody else's backward: how, in which process, and what came back."""
