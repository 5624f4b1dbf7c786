"""The switch that float64 needs on JAX."""

from __future__ import annotations

import contextlib

import keras


def float64_enabled() -> contextlib.AbstractContextManager[object]:
    """Return a context in which the active backend computes in float64."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64  # where it stood in the oldest release

    return enable_x64(True)


FLOAT64 = "float64" if keras.backend.backend() == "tensorflow" else "float32"
"""What Keras's own layers compute in where their dtype is float64: its promotion of
dtypes makes float32 of float64 on JAX and torch."""
