"""Normalizations by statistics that are given, or of the input's own axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

_HALF = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
_RMS_NORMALIZATION = 23
"""The first opset with RMSNormalization."""


@converts("nn.BatchNorm")
def batch_norm(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    mean: ir.Value,
    variance: ir.Value,
    offset: ir.Value | None = None,
    scale: ir.Value | None = None,
) -> ir.Value:
    axis = op.axis % g.rank(x)
    if _needs_arithmetic(x):
        inverse = inverse_root(g, variance, float(op.epsilon))
        factor = inverse if scale is None else g.Mul(inverse, scale)
        centred = g.Sub(x, _aligned(g, x, mean, [axis]))
        y = g.Mul(centred, _aligned(g, x, factor, [axis]))
        return y if offset is None else g.Add(y, _aligned(g, x, offset, [axis]))
    dtype = require_dtype(x).numpy()
    count = g.static_shape(mean)[0]
    # ONNX has the channels at axis 1. The other axes keep their order, as they do
    # around a convolution, so that the transposes of both cancel.
    turn = list(range(g.rank(x)))
    turn.insert(1, turn.pop(axis))
    first = transposed(g, x, turn)
    y = g.BatchNormalization(
        first,
        np.ones(count, dtype) if scale is None else scale,
        np.zeros(count, dtype) if offset is None else offset,
        mean,
        variance,
        epsilon=float(op.epsilon),
    )
    return transposed(
        g, g.with_shape(y, g.static_shape(first)), inverse_permutation(turn)
    )


@converts("nn.LayerNorm")
def layer_norm(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    gamma: ir.Value | None = None,
    beta: ir.Value | None = None,
) -> ir.Value:
    epsilon = _epsilon(op)
    axes = _sorted_axes(op.axis, g.rank(x))
    x, gamma, beta = (at_least_float32(g, one) for one in (x, gamma, beta))
    sizes = g.static_shape(x)
    if op.rms_scaling or _needs_arithmetic(x):
        mean, variance = moments_over(g, x, axes)
        centred = x if op.rms_scaling else g.Sub(x, mean)
        y = g.Mul(centred, inverse_root(g, variance, epsilon))
        y = y if gamma is None else g.Mul(y, _aligned(g, x, gamma, axes))
        return y if beta is None else g.Add(y, _aligned(g, x, beta, axes))
    turn = [axis for axis in range(len(sizes)) if axis not in axes] + axes
    last = transposed(g, x, turn)
    y = g.LayerNormalization(
        last,
        _weights(g, x, gamma, axes),
        None if beta is None else _weights(g, x, beta, axes),
        axis=-len(axes),
        epsilon=epsilon,
    )
    return transposed(
        g, g.with_shape(y, g.static_shape(last)), inverse_permutation(turn)
    )


@converts("nn.RMSNorm")
def rms_norm(
    g: GraphBuilder, op: Any, x: ir.Value, scale: ir.Value | None = None
) -> ir.Value:
    epsilon = _epsilon(op)
    axes = _sorted_axes(op.axis, g.rank(x))
    x, scale = (at_least_float32(g, one) for one in (x, scale))
    trailing = axes == list(range(g.rank(x) - len(axes), g.rank(x)))
    if g.opset >= _RMS_NORMALIZATION and trailing and not _needs_arithmetic(x):
        weights = _weights(g, x, scale, axes)
        result: ir.Value = g.RMSNormalization(
            x, weights, axis=-len(axes), epsilon=epsilon
        )
        return result
    square = reduce(g, "ReduceMean", g.Mul(x, x), axes, keepdims=True)
    normalized = g.Mul(x, inverse_root(g, square, epsilon))
    return normalized if scale is None else g.Mul(normalized, scale)


@converts("nn.Normalize")
def normalize(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    epsilon = _epsilon(op)
    axes = None if op.axis is None else _sorted_axes(op.axis, g.rank(x))
    if op.order == 2:
        norm = reduce(g, "ReduceL2", x, axes, keepdims=True)
        return g.Mul(x, g.Min(g.Reciprocal(norm), 1.0 / epsilon))
    if axes is None or len(axes) != 1:
        raise UnsupportedOperationError(
            "Numbers are normalized by a norm of order 2, or by one along one axis. "
            f"Received: order={op.order!r}, axis={op.axis!r}"
        )
    powers = g.Pow(g.Abs(x), float(op.order))
    norm = g.Pow(reduce(g, "ReduceSum", powers, axes, keepdims=True), 1.0 / op.order)
    return g.Div(x, g.Max(norm, epsilon))


@converts("nn.Moments")
def moments(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    dtype = require_dtype(x)
    axes = _sorted_axes(op.axes, g.rank(x))
    results = moments_over(g, at_least_float32(g, x), axes, keepdims=bool(op.keepdims))
    if dtype in _HALF:
        limit = float(np.finfo(np.float16).max)
        results = tuple(g.Clip(one, -limit, limit) for one in results)
    mean, variance = (g.cast(one, dtype) for one in results)
    return mean, variance


def moments_over(
    g: GraphBuilder, x: ir.Value, axes: Sequence[int], *, keepdims: bool = True
) -> tuple[ir.Value, ...]:
    """Append mean and variance, the variance of centred numbers."""
    mean = reduce(g, "ReduceMean", x, axes, keepdims=True)
    centred = g.Sub(x, mean)
    variance = reduce(g, "ReduceMean", g.Mul(centred, centred), axes, keepdims=True)
    if keepdims:
        return mean, variance
    return tuple(g.Squeeze(one, list(axes)) for one in (mean, variance))


def inverse_root(g: GraphBuilder, x: ir.Value, epsilon: float) -> ir.Value:
    """Append 1 / sqrt(x + epsilon)."""
    result: ir.Value = g.Reciprocal(g.Sqrt(g.Add(x, epsilon)))
    return result


def _needs_arithmetic(x: ir.Value) -> bool:
    """Whether an operator is too coarse for the dtype: it holds epsilon in float32."""
    return require_dtype(x) == ir.DataType.DOUBLE


def _aligned(
    g: GraphBuilder, x: ir.Value, weight: ir.Value, axes: Sequence[int]
) -> ir.Value:
    """Give a weight of some axes of `x` the rank of `x`."""
    shape = [size if i in axes else 1 for i, size in enumerate(g.static_shape(x))]
    aligned: ir.Value = g.Reshape(g.cast(weight, require_dtype(x)), shape)
    return aligned


def _weights(
    g: GraphBuilder, x: ir.Value, given: ir.Value | None, axes: Sequence[int]
) -> ir.Value:
    """Return weights with the sizes of some axes of `x`; ones if none are given."""
    dtype = require_dtype(x)
    sizes = [g.static_shape(x)[axis] for axis in axes]
    if given is not None:
        weights = g.cast(given, dtype)
        same = list(g.static_shape(given)) == sizes
        return weights if same else g.Reshape(weights, sizes)
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes):
        return g.constant(np.ones(known, dtype.numpy()))
    one = g.constant(np.ones((), dtype.numpy()))
    ones: ir.Value = g.Expand(one, g.shape(*(g.size(x, axis) for axis in axes)))
    return ones


def _epsilon(op: Any) -> float:
    return float(keras.config.epsilon() if op.epsilon is None else op.epsilon)


def _sorted_axes(axes: int | Sequence[int], rank: int) -> list[int]:
    given = [axes] if isinstance(axes, int) else axes
    return sorted(axis % rank for axis in given)


def inverse_permutation(permutation: Sequence[int]) -> list[int]:
    """Return the permutation of axes that undoes another."""
    return [permutation.index(axis) for axis in range(len(permutation))]


def at_least_float32(g: GraphBuilder, x: Any) -> Any:
    """Cast half precision up, in which Keras computes no statistics."""
    return g.cast(x, "float32") if x is not None and x.dtype in _HALF else x
