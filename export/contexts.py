"""Contexts of a backend in which a model can't be exported or compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import keras

from keras_acts.export.errors import ContextError


def check_context() -> None:
    """Raise an error within a context that makes every number symbolic, or rounds it.

    Raises:
        ContextError: The call is inside of such a context; the message names it.
    """
    backend = keras.backend.backend()
    find = _FINDERS.get(backend)
    found = find() if find is not None and backend in sys.modules else None
    if found is not None:
        raise ContextError(
            "A model must be exported and verified outside of `tf.function`, "
            f"`jax.jit`, `torch.compile` and autocast. Received: a call inside {found}"
        )


def _tensorflow() -> str | None:
    import tensorflow

    return None if tensorflow.executing_eagerly() else "`tf.function` or a `tf.Graph`"


def _jax() -> str | None:
    import jax

    traced = isinstance(jax.numpy.zeros(()) + 0, jax.core.Tracer)
    return "`jax.jit`, or another function that JAX traces" if traced else None


def _torch() -> str | None:
    import torch

    if torch.compiler.is_compiling():
        return "`torch.compile`"
    if torch.jit.is_tracing() or torch.jit.is_scripting():
        return "`torch.jit.trace`"
    for device in ("cpu", "cuda"):
        if torch.is_autocast_enabled(device):
            return f"`torch.autocast({device!r})`"
    return None


_FINDERS: Mapping[str, Callable[[], str | None]] = {
    "tensorflow": _tensorflow,
    "jax": _jax,
    "torch": _torch,
}
