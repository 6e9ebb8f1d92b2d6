"""Other people's models on the same sets. Each has an environment of its own; the command is at the head of its file."""
