"""Color spaces of images."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce, split
from keras_acts.export.convert.registry import converts

_LUMINANCE = [0.2989, 0.587, 0.114]

# Keras treats a channel below this as 0.
_EPSILONS = {
    ir.DataType.BFLOAT16: 2.0**-7,
    ir.DataType.DOUBLE: 2.0**-52,
    ir.DataType.FLOAT: 2.0**-23,
    ir.DataType.FLOAT16: 2.0**-10,
}


def channel_axis(g: GraphBuilder, op: Any, x: ir.Value) -> int:
    """Return the channel axis of an image or a batch of images."""
    return (-1 if op.data_format == "channels_last" else -3) % g.rank(x)


@converts("image.RGBToGrayscale")
def rgb_to_grayscale(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.rgb_to_grayscale` to Mul and ReduceSum; integers are truncated."""
    axis = channel_axis(g, op, images)
    if g.static_shape(images)[axis] == 1:
        return images
    floats = require_dtype(images).is_floating_point()
    x = images if floats else g.cast(images, ir.DataType.FLOAT)
    weights = np.asarray(_LUMINANCE).reshape([-1] + [1] * (g.rank(x) - 1 - axis))
    weighted = g.Mul(x, g.cast(weights, require_dtype(x)))
    return reduce(g, "ReduceSum", weighted, [axis], keepdims=True)


@converts("image.RGBToHSV")
def rgb_to_hsv(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.rgb_to_hsv` to arithmetic on the split channels; the shape stays."""
    axis, dtype = channel_axis(g, op, images), require_dtype(images)
    zero = g.zeros_like(images)
    x = g.Where(g.Less(g.Abs(images), _EPSILONS[dtype]), zero, images)
    red, green, blue = split(g, x, 3, axis)
    value = g.Max(g.Max(red, green), blue)
    chroma = g.Sub(value, g.Min(g.Min(red, green), blue))
    positive, has_chroma = g.Greater(value, 0.0), g.Greater(chroma, 0.0)
    one = g.cast(1.0, dtype)
    saturation = g.Where(positive, g.Div(chroma, g.Where(positive, value, one)), zero)
    sixth = g.Div(one, g.Mul(g.Where(has_chroma, chroma, one), 6.0))
    of_green = g.Add(g.Mul(sixth, g.Sub(blue, red)), 2.0 / 6.0)
    of_blue = g.Add(g.Mul(sixth, g.Sub(red, green)), 4.0 / 6.0)
    of_red = g.Mul(sixth, g.Sub(green, blue))
    hue = g.Where(g.Equal(value, green), of_green, of_blue)
    hue = g.Where(g.Equal(value, red), of_red, hue)
    wrap = g.cast(g.Less(hue, 0.0), dtype)
    hue = g.Add(g.Where(has_chroma, hue, zero), wrap)
    return g.Concat(hue, saturation, value, axis=axis)


@converts("image.HSVToRGB")
def hsv_to_rgb(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.hsv_to_rgb` to arithmetic on the split channels; the shape stays."""
    axis, zero = channel_axis(g, op, images), g.zeros_like(images)
    one = g.cast(1.0, require_dtype(images))
    hue, saturation, value = split(g, images, 3, axis)
    angle = g.Mul(g.Sub(hue, g.Floor(hue)), 6.0)
    base = g.Sub(one, saturation)

    def channel(share: ir.Value) -> ir.Value:
        limited = g.Clip(share, zero, one)
        return g.Mul(value, g.Add(base, g.Mul(saturation, limited)))

    def descending(center: float) -> ir.Value:
        distance = g.Abs(g.Sub(angle, center))
        return g.Neg(g.Sub(distance, 2.0))

    red = g.Sub(g.Abs(g.Sub(angle, 3.0)), 1.0)
    shares = (red, descending(2.0), descending(4.0))
    return g.Concat(*map(channel, shares), axis=axis)
