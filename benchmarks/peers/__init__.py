"""Models of other libraries on the same sets. Each has its own environment; the commands to create it are in its file."""
