"""A lesson's pages, the course, and what a learner got."""
