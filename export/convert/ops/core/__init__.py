"""Converters of `keras.src.ops.core`: casts, slices, control flow."""
