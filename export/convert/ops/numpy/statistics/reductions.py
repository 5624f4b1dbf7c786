"""Reductions over axes, and cumulative sums and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.loops import scan
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import half_to_float32, promoted
from keras_acts.export.convert.common.reductions import (
    Reduction,
    any_of,
    axes_of,
    by_operator,
    register_reduction,
)
from keras_acts.export.convert.registry import converts


def variance(
    g: GraphBuilder, x: ir.Value, axes: Sequence[int] | None, keepdims: bool
) -> ir.Value:
    """Return the mean of the squared deviations from the mean."""
    x = half_to_float32(g, x)
    deviation = g.Sub(x, reduce(g, "ReduceMean", x, axes, keepdims=True))
    square = g.Mul(deviation, deviation)
    g.with_shape(square, g.static_shape(x))
    return reduce(g, "ReduceMean", square, axes, keepdims=keepdims)


def _peak_to_peak(
    g: GraphBuilder, x: ir.Value, axes: Sequence[int] | None, keepdims: bool
) -> ir.Value:
    """Return the difference of maximum and minimum."""
    largest = reduce(g, "ReduceMax", x, axes, keepdims=keepdims)
    return g.Sub(largest, reduce(g, "ReduceMin", x, axes, keepdims=keepdims))


REDUCTIONS: dict[str, Reduction] = {
    "numpy.All": by_operator("ReduceMin"),
    "numpy.Amax": by_operator("ReduceMax"),
    "numpy.Amin": by_operator("ReduceMin"),
    "numpy.Any": any_of,
    "numpy.Max": by_operator("ReduceMax"),
    "numpy.Mean": by_operator("ReduceMean"),
    "numpy.Min": by_operator("ReduceMin"),
    "numpy.Prod": by_operator("ReduceProd"),
    "numpy.Ptp": _peak_to_peak,
    "numpy.Std": lambda g, x, axes, keepdims: g.Sqrt(variance(g, x, axes, keepdims)),
    "numpy.Sum": by_operator("ReduceSum"),
    "numpy.Var": variance,
}
for _kind, _compute in REDUCTIONS.items():
    register_reduction(_kind, _compute)


@converts("numpy.CountNonzero")
def count_nonzero(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.count_nonzero` to ReduceSum of booleans as integers."""
    (counted,) = promoted(g, g.cast(x, "bool"))
    return reduce(g, "ReduceSum", counted, axes_of(g, op, x))


@converts("numpy.Average")
def average(g: GraphBuilder, op: Any, x: ir.Value, weights: Operand = None) -> ir.Value:
    """Map `ops.average` to ReduceMean, or to a quotient of ReduceSums with weights."""
    axes = axes_of(g, op, x)
    if weights is None:
        return reduce(g, "ReduceMean", g.cast(x, g.spec.dtype), axes)
    x, weights = promoted(g, x, weights)
    if g.rank(weights) < g.rank(x) and axes is not None:
        others = [axis for axis in range(g.rank(x)) if axis not in axes]
        weights = g.with_shape(
            g.Unsqueeze(weights, others),
            [1 if axis in others else None for axis in range(g.rank(x))],
        )
    total = reduce(g, "ReduceSum", g.Mul(x, weights), axes)
    return g.Div(total, reduce(g, "ReduceSum", weights, axes))


def first_extremum(g: GraphBuilder, op: Any, op_type: str, x: ir.Value) -> ir.Value:
    """Append ArgMax or ArgMin, of the flattened tensor without an axis."""
    search = getattr(g, op_type)
    if op.axis is not None:
        return search(x, axis=op.axis % g.rank(x), keepdims=int(op.keepdims))
    index = search(g.Reshape(x, [-1]), axis=0, keepdims=0)
    return g.Reshape(index, [1] * g.rank(x)) if op.keepdims else index


@converts("numpy.Argmax")
def argmax(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.argmax` to ArgMax."""
    return first_extremum(g, op, "ArgMax", x)


@converts("numpy.Argmin")
def argmin(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.argmin` to ArgMin."""
    return first_extremum(g, op, "ArgMin", x)


@converts("numpy.Cumsum")
def cumsum(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.cumsum` to CumSum; the shape stays, or is flat without an axis."""
    (x,) = promoted(g, x)
    if op.axis is None:
        return g.CumSum(g.Reshape(x, [-1]), g.cast(0, "int64"))
    return g.CumSum(x, g.cast(op.axis % g.rank(x), "int64"))


@converts("numpy.Cumprod")
def cumprod(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.cumprod` to CumProd, or to a Scan before opset 26."""
    (x,) = promoted(g, x)
    if op.axis is None:
        x = g.Reshape(x, [-1])
    axis = (op.axis or 0) % g.rank(x)
    if g.opset >= 26:
        return g.CumProd(x, g.cast(axis, "int64"))
    others = [g.size(x, i) for i in range(g.rank(x)) if i != axis]
    one = g.cast(1, g.spec.dtype)
    start = g.Expand(one, g.shape(*others)) if others else one
    known = g.static_shape(x)
    start = g.with_shape(start, [*known[:axis], *known[axis + 1 :]])

    def step(carried: list[ir.Value], slices: list[ir.Value]) -> Any:
        product = g.Mul(*carried, *slices)
        return [product], [product]

    _, (products,) = scan(g, step, [start], [x], axis=axis)
    return products
