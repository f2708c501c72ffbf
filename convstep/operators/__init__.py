"""Operators, one file each: forward, readable backward, torch's name, problems, conventions and mistakes."""
