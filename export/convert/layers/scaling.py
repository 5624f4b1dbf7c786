"""Layers that scale and shift data by constants."""

from __future__ import annotations

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.registry import register_converter


@register_converter(keras.layers.Normalization)
def normalization(
    g: GraphBuilder, layer: keras.layers.Normalization, inputs: ir.Value
) -> ir.Value:
    """Map `Normalization` to Sub and Div, or to Mul and Add if inverted."""
    mean, variance = (
        np.asarray(keras.ops.convert_to_numpy(adapted))
        if given is None
        else _aligned(layer, np.asarray(given), g.rank(inputs))
        for given, adapted in (
            (layer.input_mean, layer.mean),
            (layer.input_variance, layer.variance),
        )
    )
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    x, offset, scale = (g.cast(one, g.spec.dtype) for one in (inputs, mean, deviation))
    if layer.invert:
        return g.Add(offset, g.Mul(x, scale))
    return g.Div(g.Sub(x, offset), scale)


def _aligned(
    layer: keras.layers.Normalization, given: np.ndarray, rank: int
) -> np.ndarray:
    """Reshape given statistics so that they broadcast along the layer's axes."""
    shape = [1] * rank
    axes = sorted(axis % rank for axis in layer.axis)
    for axis, size in zip(reversed(axes), reversed(given.shape), strict=False):
        shape[axis] = size
    return given.reshape(shape)


@register_converter(keras.layers.Rescaling)
def rescaling(
    g: GraphBuilder, layer: keras.layers.Rescaling, inputs: ir.Value
) -> ir.Value:
    """Map `Rescaling` to Mul and Add; the shape stays."""
    scale = np.asarray(layer.scale)
    if scale.ndim and keras.config.image_data_format() == "channels_first":
        scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))
    x, factor, offset = (
        g.cast(one, g.spec.dtype) for one in (inputs, scale, np.asarray(layer.offset))
    )
    return g.Add(g.Mul(x, factor), offset)
