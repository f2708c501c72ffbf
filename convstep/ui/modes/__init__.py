"""Modes: what a debugger stands for (a problem, a script, a candidate, a lesson) answers and does otherwise."""
