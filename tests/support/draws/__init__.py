"""Random calls of every operation of `keras.ops`."""
