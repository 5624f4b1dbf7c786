"""Layers for images, whose own code draws numbers in vain or looks at unknown sizes.

Some draw random numbers for each image even where they then change nothing.
`CenterCrop` looks at the sizes of its images to choose what to do: here it does both.
"""

from __future__ import annotations

from typing import Any

from keras import layers, ops

DRAWING = (
    layers.MixUp,
    layers.RandomColorDegeneration,
    layers.RandomGrayscale,
    layers.RandomHue,
    layers.RandomPosterization,
    layers.RandomSaturation,
    layers.RandomSharpness,
)


class _Instead:
    """A layer, some of whose methods are others for a call."""

    def __init__(self, layer: Any, **methods: Any) -> None:
        vars(self).update(methods, _layer=layer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)


def without_drawing(layer: Any, data: Any, training: Any = True) -> Any:
    """Call a layer that draws for each image, in inference without the draws."""
    if training:
        return layer.call(data, training=training)
    drawn = _Instead(layer, get_random_transformation=lambda *_args, **_kwargs: None)
    return type(layer).call(drawn, data, training=training)


def center_crop(layer: Any, data: Any, training: Any = True) -> Any:
    """Call a `CenterCrop`, on images of unknown sizes in `keras.ops`."""

    def transform_images(images: Any, transformation: Any, training: Any = True) -> Any:
        first = layer.data_format == "channels_first"
        height, width = images.shape[-2:] if first else images.shape[-3:-1]
        if None not in (height, width):
            return layer.transform_images(images, transformation, training=training)
        return _cropped(ops.cast(images, layer.compute_dtype), layer, first)

    cropping = _Instead(layer, transform_images=transform_images)
    return type(layer).call(cropping, data, training=training)


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
