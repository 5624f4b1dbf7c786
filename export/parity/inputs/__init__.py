"""The inputs of a comparison: random, at edges, of any size, and the user's."""
