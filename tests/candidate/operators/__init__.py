"""Somebody else's backward of any operator: called, judged, its mistakes named."""
