"""Pieces of formulas that keep value and gradient right where `keras.ops` does not."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, cast

import keras
import numpy as np
from keras import ops

Tensor = Any
Map = Callable[[Tensor], Tensor]


def runs_on(*backends: str) -> bool:
    """Tell whether the active backend is one of these."""
    return keras.backend.backend() in backends


def constant(value: float, like: Tensor) -> Tensor:
    """Return a number as a tensor of the dtype of another.

    `ops.where` rounds a Python number to float32 on torch, `float64` inputs or not.
    """
    return ops.convert_to_tensor(value, dtype=like.dtype)


def largest(like: Tensor) -> float:
    """Return the largest finite number of the dtype of a tensor."""
    return float(np.finfo(keras.backend.standardize_dtype(like.dtype)).max)


def bounded(x: Tensor, low: float, high: float) -> Tensor:
    """Clip to an interval; the gradient is 0 at its ends too, and NaN stays NaN."""
    if runs_on("torch"):
        from torch.nn import functional

        return functional.hardtanh(x, low, high)
    below = ops.where(x <= low, constant(low, x), x)
    return ops.where(x >= high, constant(high, x), below)


def clip(x: Tensor, low: float = -math.inf, high: float = math.inf) -> Tensor:
    """Clip where the gradient at the ends is of no account; NaN stays NaN."""
    if runs_on("torch"):  # where keras.ops.clip rounds the ends to float32
        return x.clamp(low, high)
    return ops.clip(x, low, high)


def minus_abs(x: Tensor) -> Tensor:
    """Return `-|x|`, with the gradient -1 at 0."""
    return ops.where(x < 0, x, -x)


def with_gradient(value: Map, derivative: Map, x: Tensor) -> Tensor:
    """Return `value(x)`, differentiated as `derivative(x)`.

    For functions of each element alone whose automatic derivative cancels. Both are
    functions of a module, so that what is made of them is made once.
    """
    if runs_on("torch"):
        from keras_acts.functional._torch_gradient import WithGradient

        return WithGradient.apply(x, value, derivative) if x.requires_grad else value(x)
    return _differentiable[keras.backend.backend()](value, derivative)(x)


@functools.cache
def _jax_with_gradient(value: Map, derivative: Map) -> Map:
    import jax

    function = jax.custom_jvp(value)

    @function.defjvp
    def _(primals: tuple[Tensor], tangents: tuple[Tensor]) -> tuple[Tensor, Tensor]:
        (x,), (direction,) = primals, tangents
        return function(x), derivative(x) * direction

    return cast(Map, function)


@functools.cache
def _tensorflow_with_gradient(value: Map, derivative: Map) -> Map:
    import tensorflow as tf

    def function(x: Tensor) -> tuple[Tensor, Map]:
        return value(x), lambda gradient: gradient * derivative(x)

    return cast(Map, tf.custom_gradient(function))


_differentiable = {
    "jax": _jax_with_gradient,
    "tensorflow": _tensorflow_with_gradient,
}


def sigmoid(x: Tensor) -> Tensor:
    """Return 1/(1+e^-x); its automatic derivative y(1-y) cancels where y is near 1."""
    return with_gradient(ops.sigmoid, _sigmoid_derivative, x)


def _sigmoid_derivative(x: Tensor) -> Tensor:
    return ops.sigmoid(x) * ops.sigmoid(-x)


def tanh(x: Tensor) -> Tensor:
    """Return tanh x; its automatic derivative 1-y² cancels in both tails."""
    return with_gradient(plain_tanh, _tanh_derivative, x)


def _tanh_derivative(x: Tensor) -> Tensor:
    return ops.square(sech(x))


def sech(x: Tensor) -> Tensor:
    """Return 1/cosh x."""
    e = ops.exp(-ops.abs(x))
    return 2 * e / (1 + ops.square(e))


def plain_tanh(x: Tensor) -> Tensor:
    """Return tanh x with the backend's own derivative."""
    if runs_on("jax"):  # where keras.ops.tanh rounds float64 to float32
        import jax.numpy as jnp

        return jnp.tanh(x)
    return ops.tanh(x)


def sin(x: Tensor) -> Tensor:
    """Return sin x."""
    if runs_on("jax"):  # where keras.ops.sin rounds float64 to float32
        import jax.numpy as jnp

        return jnp.sin(x)
    return ops.sin(x)


def cumsum(x: Tensor, axis: int) -> Tensor:
    """Return the sums of the first elements of an axis."""
    if runs_on("torch"):  # where keras.ops.cumsum rounds float64 to float32
        return x.cumsum(axis)
    return ops.cumsum(x, axis=axis)


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """Return the matrix product."""
    if runs_on("torch"):  # where keras.ops.matmul rounds float64 to float32
        return x @ y
    return ops.matmul(x, y)


def mean(x: Tensor, axes: int | tuple[int, ...]) -> Tensor:
    """Return the mean along axes, of a `KerasTensor` too."""
    if keras.backend.standardize_dtype(x.dtype) != "float64":
        return ops.mean(x, axes)
    # keras.ops.mean rounds float64 to float32 on JAX and torch.
    return ops.sum(x, axes) / ops.sum(ops.ones_like(x), axes)
