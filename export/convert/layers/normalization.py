"""Normalization layers with converters of their own."""

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
    """Map `BatchNormalization` to BatchNormalization by the moving statistics.

    The mask matters in training only. Tracing would do as well, except that some
    backends compute float64 in float32.
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
    """Map `GroupNormalization` to InstanceNormalization, with groups as channels.

    Of integers Keras cuts off the fractions of the result.
    """
    x = at_least_float32(g, inputs)
    perm = list(range(g.rank(x)))
    perm.insert(1, perm.pop(layer.axis % len(perm)))
    first = transposed(g, x, perm)
    groups = g.Reshape(first, [0, layer.groups, -1])
    y = g.Reshape(_normalized(g, layer, groups), g.Shape(first))
    shape = [-1, *[1] * (len(perm) - 2)]
    if layer.scale:
        y = g.Mul(y, g.Reshape(_weight(g, layer.gamma, x), shape))
    if layer.center:
        y = g.Add(y, g.Reshape(_weight(g, layer.beta, x), shape))
    if not require_dtype(inputs).is_floating_point():
        y = g.cast(y, require_dtype(inputs))
    sizes = g.static_shape(first)
    return transposed(g, g.with_shape(y, sizes), inverse_permutation(perm))


def _weight(g: GraphBuilder, variable: keras.Variable, x: ir.Value) -> ir.Value:
    return g.cast(g.weight(variable), require_dtype(x))


def _normalized(
    g: GraphBuilder, layer: keras.layers.GroupNormalization, x: ir.Value
) -> ir.Value:
    """Normalize the last axis; onnxruntime has no InstanceNormalization in float64."""
    dtype, epsilon = require_dtype(x), float(layer.epsilon)
    if dtype == ir.DataType.DOUBLE:
        mean, variance = moments_over(g, x, [2])
        return g.Mul(g.Sub(x, mean), inverse_root(g, variance, epsilon))
    ones = np.ones(layer.groups, dtype.numpy())
    return g.InstanceNormalization(x, ones, 0 * ones, epsilon=epsilon)
