"""A run or a lesson as one HTML file without network; its script only puts in place what is written here."""
