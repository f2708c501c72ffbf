"""Somebody else's backward of any operator: called, judged, and its mistakes named."""
