"""Counts of elements: by value, by interval, and of unique elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import half_to_float32, is_float
from keras_acts.export.convert.common.slices import LARGER_THAN_ANY
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

I64 = ir.DataType.INT64


@converts("numpy.Bincount")
def bincount(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.bincount` to ScatterElements of ones or weights with addition."""
    if op.sparse:
        raise UnsupportedOperationError(
            "ONNX has no operators for sparse tensors. Received: sparse=True"
        )
    indices = g.cast(x, I64)
    # Without elements, the largest index is that of the shortest result's end.
    last_required = g.Sub(g.shape(op.minlength), [1])
    candidates = g.Concat(g.Reshape(indices, [-1]), last_required, axis=0)
    length = g.Add(reduce(g, "ReduceMax", candidates, [0], keepdims=True), [1])
    shape = g.Concat(g.Shape(x, start=0, end=g.rank(x) - 1), length, axis=0)
    weights = g.Expand(np.ones((), np.int32), g.Shape(x))
    if op.weights is not None:
        weights = half_to_float32(g, g.cast(op.weights, g.spec.dtype))
    zeros = g.Expand(g.zeros_like(weights), shape if g.rank(x) > 1 else length)
    return g.ScatterElements(zeros, indices, weights, axis=-1, reduction="add")


@converts("numpy.Histogram")
def histogram(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Map `ops.histogram` to differences of the counts of elements above the edges."""
    x = x if is_float(x) else g.cast(x, ir.DataType.FLOAT)
    dtype = require_dtype(x).numpy()
    if op.range:
        low, high = (np.asarray(end, np.float64) for end in op.range)
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = g.constant(np.linspace(low, high, op.bins + 1).astype(dtype))
    else:
        edges = _edges(g, x, op.bins)
    column = g.Unsqueeze(x, [1])
    at_least = g.cast(g.GreaterOrEqual(column, g.Slice(edges, [0], [-1])), I64)
    above_last = g.cast(g.Greater(column, g.Slice(edges, [-1], [LARGER_THAN_ANY])), I64)
    totals = reduce(g, "ReduceSum", g.Concat(at_least, above_last, axis=1), [0])
    counts = g.Sub(g.Slice(totals, [0], [-1]), g.Slice(totals, [1], [LARGER_THAN_ANY]))
    return counts, edges


def _edges(g: GraphBuilder, x: ir.Value, bins: int) -> ir.Value:
    """Return edges from the minimum to the maximum, or around a single value."""
    low = reduce(g, "ReduceMin", x, [0], keepdims=True)
    high = reduce(g, "ReduceMax", x, [0], keepdims=True)
    half = g.Where(g.Equal(low, high), g.cast(0.5, require_dtype(x)), 0.0)
    low, high = g.Sub(low, half), g.Add(high, half)
    steps = np.linspace(0.0, 1.0, bins + 1).astype(require_dtype(x).numpy())
    return g.Add(g.Mul(low, 1 - steps), g.Mul(high, steps))


@converts("numpy.Unique")
def unique(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.unique` to Unique, padded or truncated to `size`."""
    supported = half_to_float32(g, x) if is_float(x) else g.cast(x, I64)
    axis = None if op.axis is None else op.axis % g.rank(x)
    values, indices, inverse, counts = g.Unique(
        supported, outputs=4, axis=axis, sorted=int(op.sorted)
    )
    if op.axis is None:
        inverse = g.Reshape(inverse, g.Shape(x))
    if op.size is not None:
        filler = 0 if op.fill_value is None else op.fill_value
        rank = 1 if axis is None else g.rank(x)
        values = _fit_size(g, values, op.size, axis or 0, filler, rank)
        indices = _fit_size(g, indices, op.size, 0, 1, 1)
        counts = _fit_size(g, counts, op.size, 0, 0, 1)
    wanted = [
        (True, values),
        (op.return_index, indices),
        (op.return_inverse, inverse),
        (op.return_counts, counts),
    ]
    return [value for returned, value in wanted if returned]


def _fit_size(
    g: GraphBuilder, x: ir.Value, size: int, axis: int, filler: float, rank: int
) -> ir.Value:
    """Pad an axis, then truncate it to a size."""
    pads = [0] * (2 * rank)
    pads[rank + axis] = size
    padded = g.Pad(x, pads, g.cast(filler, require_dtype(x)))
    return g.Slice(padded, [0], [size], [axis])
