"""Calls of Keras's layers, written anew where their own code can't be traced.

Each rewrite takes the layer and the arguments of its `call`, and computes the same in
`keras.ops` of any sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import ops

from keras_acts.export.trace.handlers import image_layers
from keras_acts.export.trace.keras_patches import private


def _time_distributed(
    layer: Any, inputs: Any, training: bool | None = None, mask: Any = None
) -> Any:
    """Call the inner layer once, on the steps of all samples as one batch.

    Keras's own code repeats the call for each step, or leaves it to the backend where
    the number of steps is unknown.
    """
    inner, kwargs = layer.layer, {}
    if mask is not None and private.takes_argument(inner, "mask"):
        kwargs["mask"] = _steps_as_samples(mask)
    if private.takes_argument(inner, "training"):
        kwargs["training"] = training
    # Keras calls `call`, without what `__call__` does around it, and so does this.
    outputs = inner.symbolic_call(_steps_as_samples(inputs), **kwargs)
    return ops.reshape(outputs, (*ops.shape(inputs)[:2], *ops.shape(outputs)[1:]))


def _steps_as_samples(x: Any) -> Any:
    return ops.reshape(x, (-1, *ops.shape(x)[2:]))


_REWRITES: dict[Any, Callable[..., Any]] = {
    keras.layers.CenterCrop: image_layers.center_crop,
    **dict.fromkeys(image_layers.DRAWING, image_layers.without_drawing),
    keras.layers.TimeDistributed: _time_distributed,
}


def inner_call(layer: Any) -> Callable[..., Any]:
    """Return what computes a layer's output: its rewrite, or its own method."""
    for cls, rewrite in _REWRITES.items():
        if isinstance(layer, cls) and type(layer).call is cls.call:
            return partial(rewrite, layer)
    return private.inner_call(layer)
