"""What is watched of a model: its activations, wherever they are, and their slopes."""
