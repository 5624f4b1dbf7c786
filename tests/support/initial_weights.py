"""Initial weights made by NumPy: the same numbers on every backend.

So the files of a test are the same bytes on each. On JAX, compiling a program for each
shape of weights, random or zero, was moreover most of the suite's time. Only Keras's
initializers do so; what a test computes is its backend's as before.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras.src.initializers import constant_initializers, random_initializers
from keras.src.random.seed_generator import draw_seed


def _generator(seed: Any) -> np.random.Generator:
    if isinstance(seed, int):
        return np.random.default_rng([seed & 0xFFFFFFFF, 0])
    drawn = draw_seed(seed)
    if _is_symbolic(drawn):
        # Keras asks for the shape alone of what a layer's first call would make.
        return np.random.default_rng(0)
    numbers = keras.ops.convert_to_numpy(drawn).astype("uint32")
    return np.random.default_rng(numbers.tolist())


def _is_symbolic(tensor: Any) -> bool:
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return isinstance(tensor, jax.core.Tracer)
    if backend == "tensorflow":
        import tensorflow as tf

        return bool(tf.is_symbolic_tensor(tensor))
    if backend == "torch":
        return bool(tensor.device.type == "meta")
    return False  # NumPy computes what Keras asks the shape of


def _tensor(values: np.ndarray, dtype: str | None) -> Any:
    dtype = keras.backend.standardize_dtype(dtype or keras.backend.floatx())
    # JAX would compile the conversion to the dtype.
    return keras.ops.convert_to_tensor(values.astype(dtype), dtype)


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


def _orthogonal(self: Any, shape: Any, dtype: Any = None) -> Any:
    rows, columns = int(np.prod(shape[:-1])), int(shape[-1])
    tall = max(rows, columns), min(rows, columns)
    q, r = np.linalg.qr(_generator(self.seed).normal(size=tall))
    q = q * np.sign(np.diag(r))
    values = self.gain * (q.T if rows < columns else q).reshape(shape)
    return _tensor(values, dtype)


DRAWS = {
    "normal": _normal,
    "truncated_normal": _truncated_normal,
    "uniform": _uniform,
}
"""What stands in for the functions of `keras.random`, by name."""


FILLS = {
    "ones": lambda shape, dtype=None: _tensor(np.ones(shape), dtype),
    "zeros": lambda shape, dtype=None: _tensor(np.zeros(shape), dtype),
}
"""What stands in for the functions of `keras.ops` in constant initializers."""


def _with(module: Any, functions: Mapping[str, Any]) -> Any:
    return types.SimpleNamespace(**vars(module) | functions)


@contextlib.contextmanager
def made_by_numpy() -> Iterator[None]:
    """Let initializers make their weights by NumPy."""
    random, ops = random_initializers.random, constant_initializers.ops
    orthogonal = random_initializers.Orthogonal
    with (
        mock.patch.object(random_initializers, "random", _with(random, DRAWS)),
        mock.patch.object(constant_initializers, "ops", _with(ops, FILLS)),
        mock.patch.object(orthogonal, "__call__", _orthogonal),
    ):
        yield
