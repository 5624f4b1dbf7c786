"""Keras's activation layers whose `call` is not made of `keras.ops`."""

from __future__ import annotations

from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.registry import register_converter
from keras_acts.export.lowering import lower
from keras_acts.export.lowering.values import scalar_like

# What Keras puts where a mask drops an element, before the softmax.
_DROPPED = {"float16": -3e4}
_DROPPED_BY_DEFAULT = -1e9


@register_converter(keras.layers.PReLU)
def prelu(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    x = g.cast(inputs, layer.compute_dtype)
    return lower("prelu", g, x, alpha=g.weight(layer.alpha, layer.compute_dtype))


@register_converter(keras.layers.Softmax)
def softmax(
    g: GraphBuilder, layer: Any, inputs: ir.Value, mask: ir.Value | None = None
) -> ir.Value:
    x = g.cast(inputs, layer.compute_dtype)
    if mask is None:
        return lower("softmax", g, x, axis=layer.axis)
    kept = mask if mask.dtype == ir.DataType.BOOL else g.Greater(mask, 0.5)
    low = _DROPPED.get(layer.compute_dtype, _DROPPED_BY_DEFAULT)
    lowered = g.with_shape(g.Where(kept, x, scalar_like(g, low, x)), g.static_shape(x))
    return g.Where(
        kept, lower("softmax", g, lowered, axis=layer.axis), scalar_like(g, 0.0, x)
    )
