"""Layers that keep the batch and give the rest a new shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.registry import register_converter


@register_converter(keras.layers.Reshape)
def reshape(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `Reshape` to a Reshape; the batch stays."""
    return _reshaped(g, inputs, layer.target_shape)


@register_converter(keras.layers.Flatten)
def flatten(g: GraphBuilder, layer: Any, inputs: ir.Value) -> ir.Value:
    """Map `Flatten` to a Reshape to (batch, elements)."""
    rank = g.rank(inputs)
    if layer.data_format == "channels_first" and rank > 1:
        inputs = transposed(g, inputs, (0, *range(2, rank), 1))
    sizes = g.static_shape(inputs)[1:]
    known = [size for size in sizes if size is not None]
    return _reshaped(g, inputs, [-1 if len(known) < len(sizes) else math.prod(known)])


def _reshaped(g: GraphBuilder, x: ir.Value, shape: Sequence[int]) -> ir.Value:
    """Reshape all axes but the batch, which 0 copies."""
    return g.Reshape(x, [0, *(int(size) for size in shape)])
