"""Derivatives along a direction, of functions that mix elements, in every mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

Function = Callable[[Any], Any]
Modes = Mapping[str, Callable[[], Any]]


def _torch_modes(f: Function, total: Function, x: Any, v: Any) -> Modes:
    import torch
    from torch.func import grad, jvp

    def reverse_twice() -> Any:
        y = x.clone().requires_grad_()
        (g,) = torch.autograd.grad(total(y), y, create_graph=True)
        if not g.requires_grad:
            return torch.zeros_like(x)
        (h,) = torch.autograd.grad((g * v).sum(), y, allow_unused=True)
        return torch.zeros_like(x) if h is None else h

    return {
        "forward": lambda: jvp(f, (x,), (v,))[1],
        "reverse twice": reverse_twice,
        "forward over reverse": lambda: jvp(grad(total), (x,), (v,))[1],
    }


def _jax_modes(f: Function, total: Function, x: Any, v: Any) -> Modes:
    import jax

    return {
        "forward": lambda: jax.jvp(f, (x,), (v,))[1],
        "reverse twice": lambda: jax.grad(lambda y: (jax.grad(total)(y) * v).sum())(x),
        "forward over reverse": lambda: jax.jvp(jax.grad(total), (x,), (v,))[1],
    }


def _tensorflow_modes(f: Function, total: Function, x: Any, v: Any) -> Modes:
    import tensorflow as tf

    zero = tf.UnconnectedGradients.ZERO

    def reverse(g: Function, y: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(y)
            z = g(y)
        return tape.gradient(z, y, unconnected_gradients=zero)

    def forward(g: Function) -> Any:
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            z = g(x)
        return accumulator.jvp(z, unconnected_gradients=zero)

    return {
        "forward": lambda: forward(f),
        "reverse twice": lambda: reverse(
            lambda y: tf.reduce_sum(reverse(total, y) * v), x
        ),
        "forward over reverse": lambda: forward(lambda y: reverse(total, y)),
    }


_MODES = {"torch": _torch_modes, "jax": _jax_modes, "tensorflow": _tensorflow_modes}


def along(
    function: Function, x: np.ndarray, direction: np.ndarray, cotangent: np.ndarray
) -> dict[str, np.ndarray]:
    """Return for each mode of the active backend what it finds.

    `"forward"` is the change of the result along the direction; the others are the
    change of the gradient of `sum(cotangent * function(x))` along it.
    """
    x, v, c = (
        ops.convert_to_tensor(a, dtype=x.dtype.name) for a in (x, direction, cotangent)
    )

    def total(y: Any) -> Any:
        return ops.sum(c * function(y))

    modes = _MODES[keras.backend.backend()](function, total, x, v)
    return {name: ops.convert_to_numpy(mode()) for name, mode in modes.items()}
