"""A file of code as people have it: read, repaired, reduced to what is needed, executed."""
