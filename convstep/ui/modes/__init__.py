"""Modes: what a problem, a script, a candidate or a lesson makes of the debugger."""
