"""Converters of `keras.random`."""
