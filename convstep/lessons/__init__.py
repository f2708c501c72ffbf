"""Walkthroughs: Markdown with stops and questions, in English and Chinese."""
