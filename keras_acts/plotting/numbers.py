"""f and f′ of a function as NumPy arrays.

f′ is that of the backend's own automatic differentiation where it trains: torch, JAX
and TensorFlow. NumPy and OpenVINO have none, so there it is a central difference.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

Array = np.ndarray[Any, np.dtype[np.float64]]
Columns = Callable[[Any], Any]
"""A function of tensors of `(n, k)`: column k of the result is that of column k."""

ROWS = 4096
"""Inputs are filled up to a multiple of it: JAX compiles an operation once a shape."""


@dataclass(frozen=True)
class Precision:
    """What can be told of a function on a backend.

    Attributes:
        dtype: The dtype that it computes in.
        automatic: Whether the backend differentiates.
    """

    dtype: str
    automatic: bool

    @property
    def step(self) -> float:
        """Half the width of a central difference at 0."""
        return float(np.finfo(self.dtype).eps ** (1 / 3))

    @property
    def finest(self) -> float:
        """The shortest distance at 1 over which f′ is told apart."""
        if self.automatic:
            return 1e-9 if self.dtype == "float64" else 1e-5
        return 4 * self.step

    @property
    def noise(self) -> float:
        """What rounding alone may change f′ by, as a part of its size."""
        eps = float(np.finfo(self.dtype).eps)
        return 8 * eps * (1 if self.automatic else 1 / self.step)

    @property
    def least_jump(self) -> float:
        """The smallest jump of f′ over that distance, as a part of its size."""
        if self.automatic:
            return 1e-5 if self.dtype == "float64" else 1e-3
        return 1e-2


def precision_of(backend: str, float64: bool = True) -> Precision:
    """Return the precision on a backend, of a function that may compute in float64."""
    # Keras's other two backends make float32 of float64 in most operations.
    wide = float64 and backend in _AUTOMATIC and not _is_metal(backend)
    return Precision("float64" if wide else "float32", backend in _AUTOMATIC)


def _is_metal(backend: str) -> bool:
    """Whether torch computes on Apple's GPU, which has no float64."""
    if backend != "torch":
        return False
    import torch

    return bool(torch.get_default_device().type == "mps") or (
        hasattr(torch.backends, "mps") and torch.backends.mps.is_available()
    )


def float64_enabled() -> contextlib.AbstractContextManager[object]:
    """Return a context in which the backend computes in float64."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return]
    from jax.experimental import enable_x64  # where it stood in older releases

    return enable_x64(True)  # type: ignore[no-any-return]


def values(function: Columns, x: Array, precision: Precision) -> Array:
    """Return f at `x` of shape `(n, k)`, without a derivative."""
    with float64_enabled(), np.errstate(all="ignore"):
        return _values(function, _filled(x), precision.dtype)[: len(x)]


def values_and_derivatives(
    function: Columns, x: Array, precision: Precision
) -> tuple[Array, Array]:
    """Return f and f′ at `x` of shape `(n, k)`, in float64.

    Raises:
        ValueError: The function can't be differentiated.
    """
    differentiate = _AUTOMATIC.get(keras.backend.backend(), _numerical)
    with float64_enabled(), np.errstate(all="ignore"):
        try:
            y, slopes = differentiate(function, _filled(x), precision)
        except Exception as error:  # any code of a user's, as NumPy's functions
            raise ValueError(
                "A function must be written in `keras.ops` to be drawn. "
                f"Received: one that can't be differentiated ({error})"
            ) from error
    return y[: len(x)], slopes[: len(x)]


def _filled(x: Array) -> Array:
    return np.concatenate([x, np.repeat(x[-1:], -len(x) % ROWS, axis=0)])


def _array(tensor: Any) -> Array:
    return np.array(ops.convert_to_numpy(tensor), "float64")


def _values(function: Columns, x: Array, dtype: str) -> Array:
    return _array(function(ops.convert_to_tensor(x.astype(dtype), dtype=dtype)))


def _torch(function: Columns, x: Array, precision: Precision) -> tuple[Array, Array]:
    import torch

    with torch.inference_mode(False), torch.enable_grad():
        inputs = ops.convert_to_tensor(x, dtype=precision.dtype).requires_grad_()
        y = function(inputs)
        found = None
        if y.requires_grad:
            (found,) = torch.autograd.grad(y.sum(), inputs, allow_unused=True)
        slopes = torch.zeros_like(inputs) if found is None else found
        return _array(y.detach()), _array(slopes)


def _jax(function: Columns, x: Array, precision: Precision) -> tuple[Array, Array]:
    import jax

    y, pullback = jax.vjp(function, ops.convert_to_tensor(x, dtype=precision.dtype))
    return _array(y), _array(pullback(ops.ones_like(y))[0])


def _tensorflow(
    function: Columns, x: Array, precision: Precision
) -> tuple[Array, Array]:
    import tensorflow as tf

    inputs = tf.convert_to_tensor(x, dtype=precision.dtype)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(inputs)
    if not tf.is_tensor(y):
        raise TypeError(f"The result must be a tensor. Received: {type(y).__name__}")
    none = tf.UnconnectedGradients.ZERO
    return _array(y), _array(tape.gradient(y, inputs, unconnected_gradients=none))


def _numerical(
    function: Columns, x: Array, precision: Precision
) -> tuple[Array, Array]:
    def at(one: Array) -> Array:
        return _values(function, one, precision.dtype)

    step = precision.step * np.maximum(1, np.abs(x))
    up, down = ((x + s).astype(precision.dtype) for s in (step, -step))
    width = up.astype("float64") - down.astype("float64")
    return at(x), (at(up) - at(down)) / width


_AUTOMATIC = {"torch": _torch, "jax": _jax, "tensorflow": _tensorflow}
"""How the backends that train differentiate."""
