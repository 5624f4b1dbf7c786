"""Normalization by given statistics, or by those of the input's axes."""

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
    """Map `ops.batch_normalization` to BatchNormalization, in float64 to arithmetic."""
    axis = op.axis % g.rank(x)
    if not require_dtype(x).is_floating_point():
        if keras.backend.backend() == "tensorflow":
            return _in_integers(g, op, x, mean, variance, offset, scale)
        x = g.cast(x, "float32")
    count: Any = g.static_shape(mean)[0]
    if _needs_float64_arithmetic(x) or count is None:
        inverse = inverse_root(g, variance, float(op.epsilon))
        factor = inverse if scale is None else g.Mul(inverse, scale)
        centered = g.Sub(x, _aligned(g, x, mean, [axis]))
        y = g.Mul(centered, _aligned(g, x, factor, [axis]))
        return y if offset is None else g.Add(y, _aligned(g, x, offset, [axis]))
    dtype = require_dtype(x).numpy()
    # ONNX has the channels at axis 1. The other axes keep their order, as around a
    # convolution, so that the transposes of both cancel.
    perm = list(range(g.rank(x)))
    perm.insert(1, perm.pop(axis))
    first = transposed(g, x, perm)
    y = g.BatchNormalization(
        first,
        np.ones(count, dtype) if scale is None else scale,
        np.zeros(count, dtype) if offset is None else offset,
        mean,
        variance,
        epsilon=float(op.epsilon),
    )
    return transposed(g, y, inverse_permutation(perm))


def _in_integers(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    mean: ir.Value,
    variance: ir.Value,
    offset: ir.Value | None,
    scale: ir.Value | None,
) -> ir.Value:
    """Append TensorFlow's arithmetic, which casts factor and offset to x's dtype."""
    factor = inverse_root(g, variance, float(op.epsilon))
    factor = factor if scale is None else g.Mul(factor, scale)
    shift = g.Neg(g.Mul(mean, factor))
    shift = shift if offset is None else g.Add(offset, shift)
    axes = [op.axis % g.rank(x)]
    return g.Add(g.Mul(x, _aligned(g, x, factor, axes)), _aligned(g, x, shift, axes))


@converts("nn.LayerNorm")
def layer_norm(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    gamma: ir.Value | None = None,
    beta: ir.Value | None = None,
) -> ir.Value:
    """Map `ops.layer_normalization` to LayerNormalization, in float64 to arithmetic."""
    epsilon = _epsilon(op)
    axes = _sorted_axes(op.axis, g.rank(x))
    x, gamma, beta = (at_least_float32(g, one) for one in (x, gamma, beta))
    sizes = g.static_shape(x)
    # Its weights have the sizes of the axes.
    unknown = any(sizes[axis] is None for axis in axes)
    if op.rms_scaling or unknown or _needs_float64_arithmetic(x):
        mean, variance = moments_over(g, x, axes)
        centered = x if op.rms_scaling else g.Sub(x, mean)
        y = g.Mul(centered, inverse_root(g, variance, epsilon))
        y = y if gamma is None else g.Mul(y, _aligned(g, x, gamma, axes))
        return y if beta is None else g.Add(y, _aligned(g, x, beta, axes))
    perm = [axis for axis in range(len(sizes)) if axis not in axes] + axes
    last = transposed(g, x, perm)
    y = g.LayerNormalization(
        last,
        _weights(g, x, gamma, axes),
        None if beta is None else _weights(g, x, beta, axes),
        axis=-len(axes),
        epsilon=epsilon,
    )
    return transposed(g, y, inverse_permutation(perm))


@converts("nn.RMSNorm")
def rms_norm(
    g: GraphBuilder, op: Any, x: ir.Value, scale: ir.Value | None = None
) -> ir.Value:
    """Map `ops.rms_normalization` to RMSNormalization, or to arithmetic."""
    epsilon = _epsilon(op)
    axes = _sorted_axes(op.axis, g.rank(x))
    x, scale = (at_least_float32(g, one) for one in (x, scale))
    rank, sizes = g.rank(x), g.static_shape(x)
    has_form = axes == list(range(rank - len(axes), rank)) and not (
        _needs_float64_arithmetic(x) or any(sizes[axis] is None for axis in axes)
    )
    if g.opset >= _RMS_NORMALIZATION and has_form:
        weights = _weights(g, x, scale, axes)
        return g.RMSNormalization(x, weights, axis=-len(axes), epsilon=epsilon)
    square = reduce(g, "ReduceMean", g.Mul(x, x), axes, keepdims=True)
    normalized = g.Mul(x, inverse_root(g, square, epsilon))
    return normalized if scale is None else g.Mul(normalized, scale)


@converts("nn.Normalize")
def normalize(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.normalize` to a product with the reciprocal norm; the shape stays."""
    epsilon = _epsilon(op)
    axes = None if op.axis is None else _sorted_axes(op.axis, g.rank(x))
    if op.order == 2:
        norm = reduce(g, "ReduceL2", x, axes, keepdims=True)
        return g.Mul(x, g.Min(g.Reciprocal(norm), 1.0 / epsilon))
    if axes is None or len(axes) != 1:
        raise UnsupportedOperationError(
            "`normalize` needs `order=2`, or a single axis. "
            f"Received: order={op.order!r}, axis={op.axis!r}"
        )
    powers = g.Pow(g.Abs(x), float(op.order))
    norm = g.Pow(reduce(g, "ReduceSum", powers, axes, keepdims=True), 1.0 / op.order)
    return g.Div(x, g.Max(norm, epsilon))


@converts("nn.Moments")
def moments(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Map `ops.moments` to ReduceMean, in float32 for half precision."""
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
    """Append the mean and the variance, computed from centered numbers."""
    mean = reduce(g, "ReduceMean", x, axes, keepdims=True)
    centered = g.Sub(x, mean)
    variance = reduce(g, "ReduceMean", g.Mul(centered, centered), axes, keepdims=True)
    if keepdims:
        return mean, variance
    return tuple(g.Squeeze(one, list(axes)) for one in (mean, variance))


def inverse_root(g: GraphBuilder, x: ir.Value, epsilon: float) -> ir.Value:
    """Append 1 / sqrt(x + epsilon)."""
    return g.Reciprocal(g.Sqrt(g.Add(x, epsilon)))


def _needs_float64_arithmetic(x: ir.Value) -> bool:
    """Whether float64 needs arithmetic, since operators have a float32 epsilon."""
    return require_dtype(x) == ir.DataType.DOUBLE


def _aligned(
    g: GraphBuilder, x: ir.Value, weight: ir.Value, axes: Sequence[int]
) -> ir.Value:
    """Reshape a weight of some axes of `x` to the rank of `x`."""
    sizes = enumerate(g.static_shape(x))
    shape: Any = [size if i in axes else 1 for i, size in sizes]
    if None in shape:
        known = (g.size(x, i) if size is None else size for i, size in enumerate(shape))
        shape = g.shape(*known)
    return g.Reshape(g.cast(weight, require_dtype(x)), shape)


def _weights(
    g: GraphBuilder, x: ir.Value, given: ir.Value | None, axes: Sequence[int]
) -> ir.Value:
    """Return weights in the shape of some axes of `x`, ones if none are given."""
    dtype = require_dtype(x)
    sizes: Any = [g.static_shape(x)[axis] for axis in axes]
    if given is not None:
        weights = g.cast(given, dtype)
        same = list(g.static_shape(given)) == sizes
        return weights if same else g.Reshape(weights, sizes)
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes):
        return g.constant(np.ones(known, dtype.numpy()))
    one = g.constant(np.ones((), dtype.numpy()))
    return g.Expand(one, g.shape(*(g.size(x, axis) for axis in axes)))


def _epsilon(op: Any) -> float:
    return float(keras.config.epsilon() if op.epsilon is None else op.epsilon)


def _sorted_axes(axes: int | Sequence[int], rank: int) -> list[int]:
    given = [axes] if isinstance(axes, int) else axes
    return sorted(axis % rank for axis in given)


def inverse_permutation(permutation: Sequence[int]) -> list[int]:
    """Return the inverse of a permutation of axes."""
    return [permutation.index(axis) for axis in range(len(permutation))]


def at_least_float32(g: GraphBuilder, x: Any) -> Any:
    """Cast half precision and integers to the float32 in which Keras computes."""
    if x is None or (x.dtype.is_floating_point() and x.dtype not in _HALF):
        return x
    return g.cast(x, "float32")
