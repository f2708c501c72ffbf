"""Somebody's own backward: loading it, calling it, and finding where it goes wrong."""
