"""One training step of a layer under each backend: forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Step = Callable[[Any, np.ndarray], Callable[[], Any]]


def modes() -> dict[str, Step]:
    """Return the ways in which the active backend runs a step, by name."""
    return _MODES[keras.backend.backend()]


def _tensorflow(compiled: bool, xla: bool = False) -> Step:
    def step(layer: Any, x: np.ndarray) -> Callable[[], Any]:
        import tensorflow as tf

        tensor = tf.constant(x)

        def run() -> Any:
            with tf.GradientTape() as tape:
                tape.watch(tensor)
                y = layer(tensor)
            weights = [w.value for w in layer.trainable_weights]
            return tape.gradient(y, [tensor, *weights], output_gradients=y)

        layer(tensor)
        return tf.function(run, jit_compile=xla) if compiled else run

    return step


def _jax(layer: Any, x: np.ndarray) -> Callable[[], Any]:
    import jax

    tensor = jax.numpy.asarray(x)
    layer(tensor)
    weights = [w.value for w in layer.trainable_variables]
    others = [w.value for w in layer.non_trainable_variables]

    @jax.jit
    def step(weights: Any, tensor: Any) -> Any:
        def call(weights: Any, tensor: Any) -> Any:
            return layer.stateless_call(weights, others, tensor)[0]

        y, back = jax.vjp(call, weights, tensor)
        return back(y)

    return lambda: jax.block_until_ready(step(weights, tensor))


def _torch(compiled: bool) -> Step:
    def step(layer: Any, x: np.ndarray) -> Callable[[], Any]:
        import torch

        tensor = torch.tensor(x, requires_grad=True)
        layer(tensor)
        # All layers share the code of Layer.__call__, and after eight compilations of
        # it torch would go on without compiling.
        torch.compiler.reset()
        call = torch.compile(layer) if compiled else layer
        weights = [w.value for w in layer.trainable_variables]

        def run() -> Any:
            y = call(tensor)
            return torch.autograd.grad(y, [tensor, *weights], grad_outputs=y.detach())

        return run

    return step


_MODES: dict[str, dict[str, Step]] = {
    "tensorflow": {
        "eager": _tensorflow(compiled=False),
        "tf.function": _tensorflow(compiled=True),
        "XLA": _tensorflow(compiled=True, xla=True),
    },
    "jax": {"jax.jit": _jax},
    "torch": {"eager": _torch(compiled=False), "torch.compile": _torch(compiled=True)},
}
