"""The debugger: one screen, its state, and its parts, which know each other only by what they are handed."""
