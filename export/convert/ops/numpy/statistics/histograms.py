"""Elements counted: by their values, by intervals, and each different one."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import half_to_float32, is_float
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

I64 = ir.DataType.INT64


@converts("numpy.Bincount")
def bincount(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Weights, or ones, added up where the elements point."""
    if op.sparse:
        raise UnsupportedOperationError(
            "ONNX has no operators for sparse tensors. Received: sparse=True"
        )
    places = g.cast(x, I64)
    # Without any element the largest place is that before the shortest result.
    shortest = g.Sub(g.shape(op.minlength), [1])
    found = g.Concat(g.Reshape(places, [-1]), shortest, axis=0)
    length = g.Add(reduce(g, "ReduceMax", found, [0], keepdims=True), [1])
    shape = g.Concat(g.Shape(x, start=0, end=g.rank(x) - 1), length, axis=0)
    weights = g.Expand(np.ones((), np.int32), g.Shape(x))
    if op.weights is not None:
        weights = half_to_float32(g, g.cast(op.weights, g.spec.dtype))
    zeros = g.Expand(g.zeros_like(weights), shape if g.rank(x) > 1 else length)
    return g.ScatterElements(zeros, places, weights, axis=-1, reduction="add")


@converts("numpy.Histogram")
def histogram(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """How many reach an edge, less those that reach the next; the last is inside."""
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
    reached = g.cast(g.GreaterOrEqual(column, g.Slice(edges, [0], [-1])), I64)
    beyond = g.cast(g.Greater(column, g.Slice(edges, [-1], [2**62])), I64)
    totals = reduce(g, "ReduceSum", g.Concat(reached, beyond, axis=1), [0])
    counts = g.Sub(g.Slice(totals, [0], [-1]), g.Slice(totals, [1], [2**62]))
    return counts, edges


def _edges(g: GraphBuilder, x: ir.Value, bins: int) -> ir.Value:
    """Return edges from the smallest to the largest element, around one alone."""
    low = reduce(g, "ReduceMin", x, [0], keepdims=True)
    high = reduce(g, "ReduceMax", x, [0], keepdims=True)
    half = g.Where(g.Equal(low, high), g.cast(0.5, require_dtype(x)), 0.0)
    low, high = g.Sub(low, half), g.Add(high, half)
    steps = np.linspace(0.0, 1.0, bins + 1).astype(require_dtype(x).numpy())
    result: ir.Value = g.Add(g.Mul(low, 1 - steps), g.Mul(high, steps))
    return result


@converts("numpy.Unique")
def unique(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    known = half_to_float32(g, x) if is_float(x) else g.cast(x, I64)
    axis = None if op.axis is None else op.axis % g.rank(x)
    values, indices, inverse, counts = g.Unique(
        known, outputs=4, axis=axis, sorted=int(op.sorted)
    )
    if op.axis is None:
        inverse = g.Reshape(inverse, g.Shape(x))
    if op.size is not None:
        filler = 0 if op.fill_value is None else op.fill_value
        rank = 1 if axis is None else g.rank(x)
        values = _sized(g, values, op.size, axis or 0, filler, rank)
        indices = _sized(g, indices, op.size, 0, 1, 1)
        counts = _sized(g, counts, op.size, 0, 0, 1)
    wanted = [
        (True, values),
        (op.return_index, indices),
        (op.return_inverse, inverse),
        (op.return_counts, counts),
    ]
    return [value for asked, value in wanted if asked]


def _sized(
    g: GraphBuilder, x: ir.Value, size: int, axis: int, filler: float, rank: int
) -> ir.Value:
    """Fill an axis up to more than a size, and cut it there."""
    pads = [0] * (2 * rank)
    pads[rank + axis] = size
    filled = g.Pad(x, pads, g.cast(filler, require_dtype(x)))
    result: ir.Value = g.Slice(filled, [0], [size], [axis])
    return result
