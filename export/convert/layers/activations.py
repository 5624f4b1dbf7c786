"""Activation layers of Keras whose `call` is not made of `keras.ops`."""

from __future__ import annotations

from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.registry import register_converter
from keras_acts.export.lowering import lower
from keras_acts.export.lowering.values import scalar_like

# The value that Keras gives masked elements before the softmax, by compute dtype.
_MASKED_LOGITS = {"float16": -3e4}
_DEFAULT_MASKED_LOGIT = -1e9


@register_converter(keras.layers.PReLU)
def prelu(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `PReLU` to a PReLU form with the layer's slopes; the shape stays."""
    x = g.cast(inputs, layer.compute_dtype)
    return lower("prelu", g, x, alpha=g.weight(layer.alpha, layer.compute_dtype))


@register_converter(keras.layers.Softmax)
def softmax(
    g: GraphBuilder, layer: Any, inputs: ir.Value, mask: ir.Value | None = None
) -> ir.Value:
    """Map `Softmax` to Softmax, with a Where before and after it for a mask."""
    x = g.cast(inputs, layer.compute_dtype)
    if mask is None:
        return lower("softmax", g, x, axis=layer.axis)
    keep = mask if mask.dtype == ir.DataType.BOOL else g.Greater(mask, 0.5)
    low = _MASKED_LOGITS.get(layer.compute_dtype, _DEFAULT_MASKED_LOGIT)
    masked = g.Where(keep, x, scalar_like(g, low, x))
    return g.Where(
        keep, lower("softmax", g, masked, axis=layer.axis), scalar_like(g, 0.0, x)
    )
