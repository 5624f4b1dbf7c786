"""Patches that trace preprocessing layers.

Subclasses of Keras's `DataLayer` call the functions of `self.backend` instead of
`keras.ops`: TensorFlow's in a `tf.data` pipeline, the current backend's elsewhere. On
traced tensors, they call the functions of `keras.ops` of the same names instead; what
they draw is recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras

from keras_acts.export.trace.keras_patches import draws
from keras_acts.export.trace.tensors import has_traced


class _Functions:
    """A backend's module whose functions call `keras.ops` on traced tensors."""

    def __init__(self, module: ModuleType, operations: Any) -> None:
        self._module = module
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return _traceable(getattr(self._module, name), name, self._operations)


def _traceable(found: Any, name: str, operations: Any) -> Any:
    """Wrap a function, or a module of functions, to call `operations` when traced."""
    if isinstance(found, ModuleType):
        return _Functions(found, getattr(operations, name, keras.ops))
    operation = getattr(operations, name, None)
    if operation is None or not callable(found):
        return found

    @functools.wraps(found)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (operation if has_traced((args, kwargs)) else found)(*args, **kwargs)

    return call


def dynamic_backend(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make the functions of `self.backend` call `keras.ops` on traced tensors."""

    def get_attribute(self: Any, name: str) -> Any:
        if name == "random":
            return draws.recorded(original(self, name))
        return _traceable(original(self, name), name, keras.ops)

    return get_attribute


def fast_counting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse TensorFlow's fast counting of traced tensors.

    The error is the one that makes Keras count with its own operations.
    """

    def encode(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if has_traced(inputs):
            raise ValueError(
                "TensorFlow's fast counting needs a tensor with values. "
                f"Received: {inputs!r}"
            )
        return original(inputs, *args, **kwargs)

    return encode
