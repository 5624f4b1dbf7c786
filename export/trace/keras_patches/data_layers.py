"""What layers for preprocessing compute with, when that is traced.

Keras's `DataLayer`s, and those that others derive from it, call the functions of
`self.backend` in place of `keras.ops`: of TensorFlow where a `tf.data` pipeline calls
them, of the present backend otherwise. On traced tensors these are the functions of
`keras.ops` that have the same names.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras

from keras_acts.export.trace.tensors import has_traced


class _Functions:
    """A module of a backend whose functions record what they do with traced tensors."""

    def __init__(self, module: ModuleType, operations: Any) -> None:
        self._module = module
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return _traceable(getattr(self._module, name), name, self._operations)


def _traceable(found: Any, name: str, operations: Any) -> Any:
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
    """Give the functions of `self.backend` that record what is traced."""

    def get_attribute(self: Any, name: str) -> Any:
        return _traceable(original(self, name), name, keras.ops)

    return get_attribute


def counted_fast(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse as TensorFlow's own counting does where the slower one is to be taken."""

    def encode(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if has_traced(inputs):
            raise ValueError("Traced tensors are counted by operations of Keras.")
        return original(inputs, *args, **kwargs)

    return encode
