"""Converters of `keras.src.ops.math`: Fourier transforms, segments, error functions."""
