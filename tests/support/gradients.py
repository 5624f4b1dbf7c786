"""Gradients on the active backend, in and out as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

Function = Callable[..., Any]
Arrays = tuple[np.ndarray, ...]


def _tensorflow(function: Function, inputs: list[Any], cotangent: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
    zero = tf.UnconnectedGradients.ZERO
    seed = tf.ones_like(y) if cotangent is None else cotangent
    return y, tape.gradient(y, inputs, seed, unconnected_gradients=zero)


def _jax(function: Function, inputs: list[Any], cotangent: Any) -> Any:
    import jax

    y, pull_back = jax.vjp(function, *inputs)
    return y, pull_back(ops.ones_like(y) if cotangent is None else cotangent)


def _torch(function: Function, inputs: list[Any], cotangent: Any) -> Any:
    import torch

    for x in inputs:
        x.requires_grad_(True)
    y = function(*inputs)
    seed = torch.ones_like(y) if cotangent is None else cotangent
    zeros = [torch.zeros_like(x) for x in inputs]
    if not y.requires_grad:
        return y, zeros
    found = torch.autograd.grad(y, inputs, seed, allow_unused=True)
    return y, [z if g is None else g for g, z in zip(found, zeros, strict=True)]


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def value_and_vjp(
    function: Function, inputs: Sequence[Any], cotangent: Any = None
) -> tuple[np.ndarray, Arrays]:
    """Return `function(*inputs)` and its vector-Jacobian product for each input.

    Args:
        function: Maps tensors to one tensor.
        inputs: Arrays of one float dtype.
        cotangent: The vector, an array of the result's shape; ones by default, which
            for a function of each element alone gives the derivative of each.
    """
    tensors = [ops.convert_to_tensor(x, dtype=x.dtype.name) for x in inputs]
    if cotangent is not None:
        cotangent = ops.convert_to_tensor(cotangent, dtype=inputs[0].dtype.name)
    y, found = _BACKENDS[keras.backend.backend()](function, tensors, cotangent)
    return ops.convert_to_numpy(y), tuple(ops.convert_to_numpy(g) for g in found)
