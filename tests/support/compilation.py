"""A function compiled by the active backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

Function = Callable[..., Any]


def _tensorflow(function: Function) -> Function:
    import tensorflow as tf

    return tf.function(function)


def _jax(function: Function) -> Function:
    import jax

    return jax.jit(function)


def _torch(function: Function) -> Function:
    import torch

    # Tests compile one function of Keras for many layers: each is to start anew, before
    # the limit of recompilations.
    torch.compiler.reset()
    # "eager" traces with dynamo, whole graphs only, and leaves out the C++ compiler:
    # what a layer must stand is the tracing.
    return torch.compile(function, backend="eager", fullgraph=True)


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def compiled(function: Function) -> Function:
    """Return `function` under `tf.function`, `jax.jit` or `torch.compile`."""
    return _BACKENDS[keras.backend.backend()](function)
