"""Converters of `keras.src.ops.numpy`, grouped like NumPy's reference."""
