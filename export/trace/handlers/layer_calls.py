"""Handlers that replace the `call` of Keras's layers whose own code can't be traced.

Each takes the layer and the arguments of its `call`, and computes the same with
`keras.ops`, for any sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import ops

from keras_acts.export.trace.handlers import image_layers
from keras_acts.export.trace.keras_patches import reads


def _time_distributed(
    layer: Any, inputs: Any, training: bool | None = None, mask: Any = None
) -> Any:
    """Map `TimeDistributed` to one call of its layer, between two reshapes.

    The steps of all samples form one batch. Keras's own code repeats the call for each
    step, or leaves it to the backend if the number of steps is unknown.
    """
    inner, kwargs = layer.layer, {}
    if mask is not None and reads.takes_argument(inner, "mask"):
        kwargs["mask"] = _steps_as_samples(mask)
    if reads.takes_argument(inner, "training"):
        kwargs["training"] = training
    # Like Keras, this skips what `__call__` does around `call`.
    outputs = inner.symbolic_call(_steps_as_samples(inputs), **kwargs)
    return ops.reshape(outputs, (*ops.shape(inputs)[:2], *ops.shape(outputs)[1:]))


def _steps_as_samples(x: Any) -> Any:
    """Merge the axes of samples and steps."""
    return ops.reshape(x, (-1, *ops.shape(x)[2:]))


_HANDLERS: dict[Any, Callable[..., Any]] = {
    keras.layers.CenterCrop: image_layers.center_crop,
    **dict.fromkeys(image_layers.DRAWING, image_layers.without_drawing),
    keras.layers.TimeDistributed: _time_distributed,
}


def inner_call(layer: Any) -> Callable[..., Any]:
    """Return the function that computes a layer's output: a handler or its method."""
    for cls, handler in _HANDLERS.items():
        if isinstance(layer, cls) and type(layer).call is cls.call:
            return partial(handler, layer)
    return reads.inner_call(layer)
