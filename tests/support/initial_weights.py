"""Initial weights drawn by NumPy on JAX, which would compile a program for each shape.

Compiling these programs was most of the suite's time on JAX. Only Keras's random
initializers draw so; what a test computes is JAX's as before.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras.src.initializers import random_initializers
from keras.src.random.seed_generator import draw_seed


def _generator(seed: Any) -> np.random.Generator:
    import jax

    drawn = draw_seed(seed)
    if isinstance(drawn, jax.core.Tracer):
        # Keras asks for the shape alone of what a layer's first call would make.
        return np.random.default_rng(0)
    return np.random.default_rng(np.asarray(drawn).tolist())


def _tensor(values: np.ndarray, dtype: str | None) -> Any:
    return keras.ops.convert_to_tensor(values, dtype or keras.backend.floatx())


def _uniform(shape: Any, minval: Any, maxval: Any, dtype: Any, seed: Any) -> Any:
    return _tensor(_generator(seed).uniform(minval, maxval, shape), dtype)


def _normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    return _tensor(_generator(seed).normal(mean, stddev, shape), dtype)


def _truncated_normal(shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    generator = _generator(seed)
    values = generator.normal(size=shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = generator.normal(size=np.count_nonzero(outside))
    return _tensor(values * stddev + mean, dtype)


DRAWS = {
    "normal": _normal,
    "truncated_normal": _truncated_normal,
    "uniform": _uniform,
}
"""What stands in for the functions of `keras.random`, by name."""


@contextlib.contextmanager
def drawn_by_numpy() -> Iterator[None]:
    """Let random initializers draw by NumPy on JAX."""
    if keras.backend.backend() != "jax":
        yield
        return
    namespace = types.SimpleNamespace(**vars(random_initializers.random) | DRAWS)
    with mock.patch.object(random_initializers, "random", namespace):
        yield
