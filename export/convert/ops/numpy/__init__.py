"""Converters of `keras.src.ops.numpy`, grouped as NumPy's own reference groups them."""
