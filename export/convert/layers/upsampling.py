"""Upsampling by integer factors: one Resize where possible, also for unknown sizes.

Integers are interpolated in float32, rounded and saturated.
"""

from __future__ import annotations

from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.resampling import (
    axis_size,
    operators_for,
    resize_by_weights,
)
from keras_acts.export.convert.ops.core.casting import saturated
from keras_acts.export.convert.ops.image.resize import has_operator, resize
from keras_acts.export.convert.ops.numpy.manipulation.reshaping import repeat_elements
from keras_acts.export.convert.registry import register_converter

# For other dtypes, Resize has no kernel that preserves every value.
_RESIZED = (ir.DataType.FLOAT, ir.DataType.FLOAT16, ir.DataType.BFLOAT16)


@register_converter(keras.layers.UpSampling1D)
def upsampling_1d(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `UpSampling1D` to a nearest-neighbor Resize of axis 1."""
    return _upsampled(g, inputs, [1], [layer.size], "nearest")


@register_converter(keras.layers.UpSampling2D)
def upsampling_2d(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `UpSampling2D` to a Resize, or to weights if ONNX lacks the interpolation."""
    axes = _spatial_axes(layer, 2)
    return _upsampled(g, inputs, axes, layer.size, layer.interpolation)


@register_converter(keras.layers.UpSampling3D)
def upsampling_3d(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `UpSampling3D` to a nearest-neighbor Resize of three spatial axes."""
    return _upsampled(g, inputs, _spatial_axes(layer, 3), layer.size, "nearest")


def _spatial_axes(layer: Any, count: int) -> list[int]:
    first = 1 if layer.data_format == "channels_last" else 2
    return list(range(first, first + count))


def _upsampled(
    g: GraphBuilder, x: ir.Value, axes: list[int], factors: Any, interpolation: str
) -> ir.Value:
    if interpolation == "nearest" and x.dtype not in _RESIZED:
        for axis, factor in zip(axes, factors, strict=True):
            x = repeat_elements(g, x, factor, axis)
        return x
    dtype = require_dtype(x)
    y = _interpolated(g, x, axes, factors, interpolation)
    return y if dtype.is_floating_point() else saturated(g, g.Round(y), dtype)


def _interpolated(
    g: GraphBuilder, x: ir.Value, axes: list[int], factors: Any, interpolation: str
) -> ir.Value:
    """Return the upsampled image in floats."""
    scales = [float(factor) for factor in factors]
    if has_operator(x, interpolation):
        return resize(g, x, axes, interpolation, scales=scales)
    floats = x if x.dtype == ir.DataType.DOUBLE else g.cast(x, ir.DataType.FLOAT)
    sizes = [
        _scaled(g, axis_size(g, x, axis), scale)
        for axis, scale in zip(axes, scales, strict=True)
    ]
    return resize_by_weights(g, floats, axes, sizes, interpolation, antialias=False)


def _scaled(g: GraphBuilder, size: Any, factor: float) -> Any:
    return operators_for(g, size).Mul(size, factor)
