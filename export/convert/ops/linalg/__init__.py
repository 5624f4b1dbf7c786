"""Converters of `keras.ops.linalg`: decompositions and solvers."""
