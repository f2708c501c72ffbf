"""One face of a tensor as lines of cells, whatever the tensor is."""
