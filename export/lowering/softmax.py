"""The softmax family: probabilities along one axis or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.lowering.table import form, lower
from keras_acts.export.lowering.values import number
from keras_acts.functional._axes import missing_axes

Axes = int | Sequence[int] | None


def _positions(g: GraphBuilder, x: ir.Value, axis: Axes) -> list[int]:
    """Return the axes as positions from 0 on; None stands for all."""
    rank = g.rank(x)
    several = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    return [one % rank for one in several]


def _is_unmasked(x: ir.Value, axis: Axes = -1, mask: Any = None) -> bool:
    return mask is None


def _has_one_axis(x: ir.Value, axis: Axes = -1, mask: Any = None) -> bool:
    several = range(len(x.shape or ())) if axis is None else axis
    return mask is None and (isinstance(several, int) or len(several) == 1)


@form("softmax", when=_has_one_axis, why="the standard operator, one vectorized kernel")
def softmax_operator(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    return g.Softmax(x, axis=_positions(g, x, axis)[0])


@form(
    "softmax", when=_is_unmasked, why="Softmax takes one axis, reductions take several"
)
def softmax_quotient(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    axes = _positions(g, x, axis)
    e = g.Exp(_below_max(g, x, axes))
    return g.Div(e, reduce(g, "ReduceSum", e, axes, keepdims=True))


@form("log_softmax", when=_has_one_axis, why="the standard operator, one kernel")
def log_softmax_operator(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    return g.LogSoftmax(x, axis=_positions(g, x, axis)[0])


@form("log_softmax", when=_is_unmasked, why="LogSoftmax takes one axis only")
def log_softmax_difference(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: None = None
) -> ir.Value:
    axes = _positions(g, x, axis)
    z = _below_max(g, x, axes)
    return g.Sub(z, g.Log(reduce(g, "ReduceSum", g.Exp(z), axes, keepdims=True)))


def _below_max(g: GraphBuilder, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    return g.Sub(x, reduce(g, "ReduceMax", x, axes, keepdims=True))


@form("softmax", why="-inf where the mask drops an element, and 0 after it")
def softmax_masked(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    return _masked(g, "softmax", x, axis, mask, 0.0)


@form("log_softmax", why="-inf where the mask drops an element, before and after it")
def log_softmax_masked(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    return _masked(g, "log_softmax", x, axis, mask, float("-inf"))


def _masked(
    g: GraphBuilder, name: str, x: ir.Value, axis: Axes, mask: Any, dropped: float
) -> ir.Value:
    """Where all is dropped the activation gives NaN, which `dropped` replaces."""
    kept = _kept(g, x, mask)
    lowest = number(g, float("-inf"), x)
    y = lower(
        name, g, g.with_shape(g.Where(kept, x, lowest), g.static_shape(x)), axis=axis
    )
    return g.Where(kept, y, number(g, dropped, x))


def _kept(g: GraphBuilder, x: ir.Value, mask: ir.Value) -> ir.Value:
    """Return a mask as booleans that broadcast against `x`."""
    kept = mask if mask.dtype == ir.DataType.BOOL else g.Greater(mask, 0.5)
    missing = missing_axes(g.static_shape(mask), g.static_shape(x))
    return g.Unsqueeze(kept, [*range(-missing, 0)]) if missing else kept


@form("softmin", why="the softmax of -x")
def softmin(
    g: GraphBuilder, x: ir.Value, axis: Axes = -1, mask: Any = None
) -> ir.Value:
    negated = g.with_shape(g.Neg(x), g.static_shape(x))
    return lower("softmax", g, negated, axis=axis, mask=mask)


def _descending(
    g: GraphBuilder, x: ir.Value, axis: int
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return the elements along an axis in descending order, their sums and ranks."""
    ordered, _ = g.TopK(x, g.size(x, axis), axis=axis, outputs=2)
    return ordered, _sums(g, ordered, axis), _ranks(g, x, axis)


def _sums(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    return g.CumSum(x, np.asarray(axis, np.int64))


def _ranks(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return the numbers 1, 2, … along an axis."""
    count, after = g.static_shape(x)[axis], range(1, g.rank(x) - axis)
    if count is not None:
        ranks = np.arange(1, count + 1, dtype=require_dtype(x).numpy())
        return g.constant(ranks.reshape(-1, *[1 for _ in after]))
    end = g.Add(g.Squeeze(g.size(x, axis)), 1)
    counted = g.cast(g.Range(1, end, 1), require_dtype(x))
    return g.Unsqueeze(counted, list(after)) if after else counted


def _from_minus_one(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return `x` below its maximum. What is further below than 1 is no candidate."""
    z = g.Max(_below_max(g, x, [axis]), -1.0)
    return g.with_shape(z, g.static_shape(x))


@form("sparsemax", why="the threshold is the largest of those of the leading elements")
def sparsemax(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
    axis %= g.rank(x)
    z = _from_minus_one(g, x, axis)
    _, sums, ranks = _descending(g, z, axis)
    thresholds = g.Div(g.Sub(sums, 1.0), ranks)
    return g.Relu(g.Sub(z, reduce(g, "ReduceMax", thresholds, [axis], keepdims=True)))


@form("entmax15", why="as sparsemax, among the thresholds below their own element")
def entmax15(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
    axis %= g.rank(x)
    halved = g.with_shape(g.Mul(x, 0.5), g.static_shape(x))
    z = _from_minus_one(g, halved, axis)
    ordered, sums, ranks = _descending(g, z, axis)
    mean = g.Div(sums, ranks)
    square = g.Div(_sums(g, g.Mul(ordered, ordered), axis), ranks)
    gap = g.Sub(g.Add(g.Reciprocal(ranks), g.Mul(mean, mean)), square)
    thresholds = g.Sub(mean, g.Sqrt(g.Relu(gap)))
    own = g.Where(g.Greater(ordered, thresholds), thresholds, number(g, -1.0, z))
    p = g.Relu(g.Sub(z, reduce(g, "ReduceMax", own, [axis], keepdims=True)))
    return g.Mul(p, p)


@form("keras_sparsemax", why="Keras's own formula, which sums the wrong sums")
def keras_sparsemax(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
    axis %= g.rank(x)
    ordered, sums, ranks = _descending(g, x, axis)
    support = g.Greater(g.Sub(ordered, g.Div(g.Sub(sums, 1.0), ranks)), 0.0)
    inside = g.Where(support, sums, number(g, 0.0, x))
    size = reduce(
        g, "ReduceSum", g.cast(support, require_dtype(x)), [axis], keepdims=True
    )
    total = reduce(g, "ReduceSum", inside, [axis], keepdims=True)
    return g.Relu(g.Sub(x, g.Div(g.Sub(total, 1.0), size)))
