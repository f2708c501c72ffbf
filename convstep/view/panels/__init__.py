"""What the panels of an operator are: which faces of its arrays, under which names, for which keys."""
