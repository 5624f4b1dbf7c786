"""Converters of `keras.src.ops.nn`, and of the activations of `keras_acts`."""
