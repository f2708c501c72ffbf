"""What somebody's own gradient test can see: it runs on mistaken backwards, and either fails or does not."""
