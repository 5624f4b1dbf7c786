"""What layers for preprocessing compute with, when that is traced.

Keras's `DataLayer`s, and those that others derive from it, call the functions of
`self.backend` in place of `keras.ops`: of TensorFlow where a `tf.data` pipeline calls
them, of the present backend otherwise. On traced tensors these are the functions of
`keras.ops` that have the same names.

Some layers draw random numbers for each image even where they then change nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
from keras import layers
from keras.src.utils.backend_utils import DynamicBackend

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


def _dynamic_backend(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_attribute(self: Any, name: str) -> Any:
        return _traceable(original(self, name), name, keras.ops)

    return get_attribute


def _drawn_in_vain(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_random_transformation(
        self: Any, data: Any, training: Any = True, seed: Any = None
    ) -> Any:
        if not training and has_traced(data):
            return None
        return original(self, data, training=training, seed=seed)

    return get_random_transformation


_DRAWING = (
    layers.MixUp,
    layers.RandomColorDegeneration,
    layers.RandomGrayscale,
    layers.RandomHue,
    layers.RandomPosterization,
    layers.RandomSaturation,
    layers.RandomSharpness,
)

HOOKS: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (DynamicBackend, "__getattr__", _dynamic_backend),
    *((layer, "get_random_transformation", _drawn_in_vain) for layer in _DRAWING),
)
"""Whose attribute, its name, and what takes its place while a thread traces."""
