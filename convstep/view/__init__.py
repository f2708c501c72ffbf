"""How numbers look: formatting, scale, faces and the scene. NumPy and Rich, never Textual."""
