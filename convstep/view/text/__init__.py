"""Words, lines and Markdown around the numbers."""
