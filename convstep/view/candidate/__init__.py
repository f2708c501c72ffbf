"""Somebody's own backward beside the reference."""
