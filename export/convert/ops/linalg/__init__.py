"""Converters of `keras.src.ops.linalg`: decompositions and solvers."""
