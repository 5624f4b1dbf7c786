"""Normalization layers that a few ONNX operators stand for."""

from __future__ import annotations

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.ops.nn.normalization import (
    at_least_float32,
    batch_norm,
    inverse_permutation,
    inverse_root,
    moments_over,
)
from keras_acts.export.convert.registry import register_converter


@register_converter(keras.layers.BatchNormalization)
def batch_normalization(
    g: GraphBuilder,
    layer: keras.layers.BatchNormalization,
    inputs: ir.Value,
    training: bool | None = None,
    mask: ir.Value | None = None,
) -> ir.Value:
    """Normalize by the moving statistics; the mask matters in training alone.

    Tracing would do too, were it not for float64, which the layer computes in float32
    on some backends.
    """
    x = at_least_float32(g, inputs)
    return batch_norm(
        g,
        layer,
        x,
        _weight(g, layer.moving_mean, x),
        _weight(g, layer.moving_variance, x),
        _weight(g, layer.beta, x) if layer.center else None,
        _weight(g, layer.gamma, x) if layer.scale else None,
    )


@register_converter(keras.layers.GroupNormalization)
def group_normalization(
    g: GraphBuilder, layer: keras.layers.GroupNormalization, inputs: ir.Value
) -> ir.Value:
    """Normalize groups as if each were a channel of an instance normalization."""
    x = at_least_float32(g, inputs)
    turn = list(range(g.rank(x)))
    turn.insert(1, turn.pop(layer.axis % len(turn)))
    first = transposed(g, x, turn)
    groups = g.Reshape(first, [0, layer.groups, -1])
    y = g.Reshape(_unit(g, layer, groups), g.Shape(first))
    aligned = [-1, *[1] * (len(turn) - 2)]
    if layer.scale:
        y = g.Mul(y, g.Reshape(_weight(g, layer.gamma, x), aligned))
    if layer.center:
        y = g.Add(y, g.Reshape(_weight(g, layer.beta, x), aligned))
    sizes = g.static_shape(first)
    return transposed(g, g.with_shape(y, sizes), inverse_permutation(turn))


def _weight(g: GraphBuilder, variable: keras.Variable, x: ir.Value) -> ir.Value:
    return g.cast(g.weight(variable), require_dtype(x))


def _unit(
    g: GraphBuilder, layer: keras.layers.GroupNormalization, x: ir.Value
) -> ir.Value:
    """Normalize the last axis; onnxruntime has no kernel that does it in float64."""
    dtype, epsilon = require_dtype(x), float(layer.epsilon)
    if dtype == ir.DataType.DOUBLE:
        mean, variance = moments_over(g, x, [2])
        result: ir.Value = g.Mul(g.Sub(x, mean), inverse_root(g, variance, epsilon))
        return result
    ones = np.ones(layer.groups, dtype.numpy())
    unit: ir.Value = g.InstanceNormalization(x, ones, 0 * ones, epsilon=epsilon)
    return unit
