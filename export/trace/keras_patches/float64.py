"""Keras's operations in float64 on backends where Keras narrows their results.

`keras.backend.result_type` turns float64 into float32 on every backend but TensorFlow,
to agree with JAX's default. A model under a float64 policy would round between its
layers. Inside `float64_kept` it doesn't, in this thread.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator
from typing import Any

import keras

from keras_acts.export.trace.keras_patches.installer import Installer, Patch

_FLOAT64 = "float64"
_threads: set[int] = set()


class _Narrowing(dict[str, str]):
    """Keras's table of narrowed dtypes, which a thread can have without float64."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the dtype that stands for another."""
        if key == _FLOAT64 and threading.get_ident() in _threads:
            return key
        return super().get(key, default)


_INSTALLER = Installer(
    [Patch("keras.src.backend.common.dtypes", "BIT64_TO_BIT32_DTYPE", _Narrowing)]
)


@contextlib.contextmanager
def float64_kept() -> Iterator[None]:
    """Let Keras compute in float64, and make layers of that dtype, in this thread."""
    policy = keras.config.dtype_policy()
    thread = threading.get_ident()
    with contextlib.ExitStack() as stack:
        if keras.backend.backend() == "jax":
            stack.enter_context(jax_float64(True))
        stack.enter_context(_INSTALLER.installed())
        _threads.add(thread)
        keras.config.set_dtype_policy(_FLOAT64)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(policy)
            _threads.discard(thread)


def jax_float64(enabled: bool) -> contextlib.AbstractContextManager[Any]:
    """Return JAX's scope with or without 64 bits; older releases have it elsewhere."""
    jax = importlib.import_module("jax")
    if not hasattr(jax, "enable_x64"):
        jax = importlib.import_module("jax.experimental")
    switch = jax.enable_x64
    scope: contextlib.AbstractContextManager[Any] = switch(enabled)
    return scope
