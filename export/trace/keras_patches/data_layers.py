"""What layers for preprocessing compute with, when that is traced.

Keras's `DataLayer`s, and those that others derive from it, call the functions of
`self.backend` in place of `keras.ops`: of TensorFlow where a `tf.data` pipeline calls
them, of the present backend otherwise. On traced tensors these are the functions of
`keras.ops` that have the same names.

Some layers draw random numbers for each image even where they then change nothing.
`CenterCrop` looks at the sizes of its images to choose what to do, which a graph of
unknown sizes can't: here it does both at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
from keras import layers, ops
from keras.src.utils import tf_utils
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


def _counted_fast(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse as TensorFlow's own counting does where the slower one is to be taken."""

    def encode(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if has_traced(inputs):
            raise ValueError("Traced tensors are counted by operations of Keras.")
        return original(inputs, *args, **kwargs)

    return encode


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


def _center_crop(original: Callable[..., Any]) -> Callable[..., Any]:
    def transform_images(
        self: Any, images: Any, transformation: Any = None, training: Any = True
    ) -> Any:
        first = self.data_format == "channels_first"
        height, width = images.shape[-2:] if first else images.shape[-3:-1]
        if not has_traced(images) or None not in (height, width):
            return original(self, images, transformation, training=training)
        return _cropped(ops.cast(images, self.compute_dtype), self, first)

    return transform_images


def _cropped(images: Any, layer: Any, first: bool) -> Any:
    """Cut out the part that is kept, whole or in proportion, and resize it.

    It has the new size already where the image is large enough.
    """
    shape = ops.shape(images)
    height, width = shape[-2:] if first else shape[-3:-1]
    new = layer.height, layer.width
    large = ops.logical_and(height >= new[0], width >= new[1])
    parts = []
    for size, other, this, that in (
        (height, width, *new),
        (width, height, *reversed(new)),
    ):
        most = ops.maximum(ops.minimum(size, other * this // that), 1)
        kept = ops.where(large, this, most)
        start = (size - kept) // 2
        parts.append(slice(start, start + kept))
    key = (..., *parts) if first else (..., *parts, slice(None))
    return ops.image.resize(images[key], new, data_format=layer.data_format)


HOOKS: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (DynamicBackend, "__getattr__", _dynamic_backend),
    (tf_utils, "tf_encode_categorical_inputs", _counted_fast),
    (layers.CenterCrop, "transform_images", _center_crop),
    *((layer, "get_random_transformation", _drawn_in_vain) for layer in _DRAWING),
)
"""Whose attribute, its name, and what takes its place while a thread traces."""
