"""Somebody's own function, run once in its process and recorded, with arguments found or given."""
