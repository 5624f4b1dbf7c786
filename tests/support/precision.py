"""The switch that float64 needs on JAX."""

from __future__ import annotations

import contextlib

import keras


def float64_enabled() -> contextlib.AbstractContextManager[object]:
    """Return a context in which the active backend computes in float64."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


FLOAT64 = "float64" if keras.backend.backend() == "tensorflow" else "float32"
"""What Keras's own layers compute in where their dtype is float64: its promotion of
dtypes makes float32 of float64 on JAX and torch."""
