"""Converters of `keras.ops.image`."""
