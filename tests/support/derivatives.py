"""First and second derivatives of functions of each element, in every mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

Function = Callable[[Any], Any]
Mode = Callable[[Function, Any], Any]


def _torch_modes() -> Mapping[str, tuple[int, Mode]]:
    import torch
    from torch.func import grad, jvp, vmap

    def reverse(f: Function, x: Any, create: bool = False) -> Any:
        x.requires_grad_()
        (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=create)
        return g

    def reverse_twice(f: Function, x: Any) -> Any:
        g = reverse(f, x, create=True)
        if not g.requires_grad:
            return torch.zeros_like(x)
        found = torch.autograd.grad(g.sum(), x, allow_unused=True)[0]
        return torch.zeros_like(x) if found is None else found

    def forward(f: Function, x: Any) -> Any:
        return jvp(f, (x,), (torch.ones_like(x),))[1]

    def total(f: Function) -> Function:
        return lambda x: f(x).sum()

    return {
        "reverse": (1, reverse),
        "forward": (1, forward),
        "vmap": (1, lambda f, x: vmap(grad(f))(x)),
        "reverse twice": (2, reverse_twice),
        "forward over reverse": (2, lambda f, x: forward(grad(total(f)), x)),
        "forward twice": (2, lambda f, x: forward(lambda y: forward(f, y), x)),
        "hessian": (
            2,
            lambda f, x: torch.func.hessian(total(f))(x).diagonal(),
        ),
    }


def _jax_modes() -> Mapping[str, tuple[int, Mode]]:
    import jax

    def forward(f: Function, x: Any) -> Any:
        return jax.jvp(f, (x,), (ops.ones_like(x),))[1]

    def total(f: Function) -> Function:
        return lambda x: f(x).sum()

    def reverse(f: Function) -> Function:
        return jax.grad(total(f))

    return {
        "reverse": (1, lambda f, x: reverse(f)(x)),
        "forward": (1, forward),
        "vmap, compiled": (1, lambda f, x: jax.jit(jax.vmap(jax.grad(f)))(x)),
        "reverse twice": (2, lambda f, x: reverse(reverse(f))(x)),
        "forward over reverse": (2, lambda f, x: forward(reverse(f), x)),
        "forward twice": (2, lambda f, x: forward(lambda y: forward(f, y), x)),
        "vmap twice, compiled": (
            2,
            lambda f, x: jax.jit(jax.vmap(jax.grad(jax.grad(f))))(x),
        ),
    }


def _tensorflow_modes() -> Mapping[str, tuple[int, Mode]]:
    import tensorflow as tf

    zero = tf.UnconnectedGradients.ZERO

    def reverse(f: Function, x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x, unconnected_gradients=zero)

    def forward(f: Function, x: Any) -> Any:
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = f(x)
        return accumulator.jvp(y, unconnected_gradients=zero)

    def twice(f: Function, x: Any) -> Any:
        return reverse(lambda y: reverse(f, y), x)

    return {
        "reverse": (1, reverse),
        "forward": (1, forward),
        "reverse twice": (2, twice),
        "reverse twice, compiled": (2, lambda f, x: tf.function(twice)(f, x)),
        "forward over reverse": (2, lambda f, x: forward(lambda y: reverse(f, y), x)),
    }


_MODES = {"torch": _torch_modes, "jax": _jax_modes, "tensorflow": _tensorflow_modes}


def derivatives(function: Function, x: np.ndarray) -> dict[str, tuple[int, np.ndarray]]:
    """Return the order and the derivative for each mode of the active backend."""
    found = {}
    for name, (order, mode) in _MODES[keras.backend.backend()]().items():
        got = mode(function, ops.convert_to_tensor(x, dtype=x.dtype.name))
        found[name] = order, np.array(ops.convert_to_numpy(got + 0), "float64")
    return found
