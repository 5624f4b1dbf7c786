"""Handlers of image layers that draw unused random numbers or branch on sizes.

Some layers draw random numbers for each image even in inference. `CenterCrop` crops or
resizes depending on the sizes of the images; if these are unknown, it does both here.
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


class _Override:
    """A layer with some of its methods replaced."""

    def __init__(self, layer: Any, **methods: Any) -> None:
        vars(self).update(methods, _layer=layer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)


def without_drawing(layer: Any, data: Any, training: Any = True) -> Any:
    """Map a random image layer to its `call`, in inference without random draws."""
    if training:
        return layer.call(data, training=training)
    drawn = _Override(layer, get_random_transformation=lambda *_args, **_kwargs: None)
    return type(layer).call(drawn, data, training=training)


def center_crop(layer: Any, data: Any, training: Any = True) -> Any:
    """Map `CenterCrop` to its `call`; for unknown sizes, to a slice and a resize."""

    def transform_images(images: Any, transformation: Any, training: Any = True) -> Any:
        first = layer.data_format == "channels_first"
        height, width = images.shape[-2:] if first else images.shape[-3:-1]
        if None not in (height, width):
            return layer.transform_images(images, transformation, training=training)
        return _cropped(ops.cast(images, layer.compute_dtype), layer, first)

    cropping = _Override(layer, transform_images=transform_images)
    return type(layer).call(cropping, data, training=training)


def _cropped(images: Any, layer: Any, first: bool) -> Any:
    """Crop the center of images and resize it to the layer's size.

    The crop has the layer's size if the image is large enough, else its aspect ratio.
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
        largest = ops.maximum(ops.minimum(size, other * this // that), 1)
        cropped = ops.where(large, this, largest)
        start = (size - cropped) // 2
        parts.append(slice(start, start + cropped))
    key = (..., *parts) if first else (..., *parts, slice(None))
    return ops.image.resize(images[key], new, data_format=layer.data_format)
