"""Reductions and cumulative sums that ignore NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import (
    half_to_float32,
    is_float,
    promoted,
)
from keras_acts.export.convert.common.reductions import axes_of
from keras_acts.export.convert.ops.numpy.statistics import reductions
from keras_acts.export.convert.registry import converts

Axes = Sequence[int] | None


def replace_nan(g: GraphBuilder, x: ir.Value, value: float) -> ir.Value:
    """Replace NaN by a number."""
    if not is_float(x):
        return x
    filler = np.asarray(value, require_dtype(x).numpy())
    return g.Where(g.IsNaN(x), filler, x)


def _is_all_nan(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    is_nan = g.cast(g.IsNaN(x), ir.DataType.INT32)
    least = reduce(g, "ReduceMin", is_nan, axes, keepdims=keepdims)
    return g.cast(least, ir.DataType.BOOL)


def _register_sum(kind: str, op_type: str, neutral: float) -> None:
    """Register the converter of a sum or product that ignores NaN."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Replace NaN by the neutral element, and append the reduction."""
        (clean,) = promoted(g, replace_nan(g, x, neutral))
        return reduce(g, op_type, clean, axes_of(g, op, x), keepdims=op.keepdims)


_register_sum("numpy.Nansum", "ReduceSum", 0.0)
_register_sum("numpy.Nanprod", "ReduceProd", 1.0)


def _register_extremum(kind: str, op_type: str, worst: float) -> None:
    """Register the converter of an extremum that ignores NaN, unless all is NaN."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Append the reduction, with NaN as the worst number; NaN where all is NaN."""
        axes, keepdims = axes_of(g, op, x), op.keepdims
        extreme = reduce(g, op_type, replace_nan(g, x, worst), axes, keepdims=keepdims)
        if not is_float(x):
            return extreme
        nan = np.asarray(np.nan, require_dtype(x).numpy())
        return g.Where(_is_all_nan(g, x, axes, keepdims), nan, extreme)


_register_extremum("numpy.Nanmax", "ReduceMax", -np.inf)
_register_extremum("numpy.Nanmin", "ReduceMin", np.inf)


def _register_search(kind: str, op_type: str, worst: float) -> None:
    """Register the converter of an index of an extremum, -1 where all is NaN."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Append the search, with NaN as the worst number; -1 where all is NaN."""
        found = reductions.first_extremum(g, op, op_type, replace_nan(g, x, worst))
        if not is_float(x):
            return found
        axes = None if op.axis is None else [op.axis % g.rank(x)]
        return g.Where(_is_all_nan(g, x, axes, op.keepdims), np.asarray(-1), found)


_register_search("numpy.Nanargmax", "ArgMax", -np.inf)
_register_search("numpy.Nanargmin", "ArgMin", np.inf)


def _count(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    is_number = g.cast(g.Not(g.IsNaN(x)), require_dtype(x))
    return reduce(g, "ReduceSum", is_number, axes, keepdims=keepdims)


def _mean(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    total = reduce(g, "ReduceSum", replace_nan(g, x, 0.0), axes, keepdims=keepdims)
    return g.Div(total, _count(g, x, axes, keepdims))


def _variance(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    deviation = g.Sub(x, _mean(g, x, axes, True))
    square = g.Mul(deviation, deviation)
    return _mean(g, square, axes, keepdims)


def _register_average(kind: str, compute: Any) -> None:
    """Register the converter of a mean, variance or deviation that ignores NaN."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Append the registered statistic of the numbers, at least in float32."""
        (x,) = promoted(g, x)
        return compute(g, half_to_float32(g, x), axes_of(g, op, x), op.keepdims)


_register_average("numpy.Nanmean", _mean)
_register_average("numpy.Nanvar", _variance)
_register_average(
    "numpy.Nanstd", lambda *arguments: arguments[0].Sqrt(_variance(*arguments))
)


@converts("numpy.Nancumsum")
def nancumsum(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.nancumsum` to CumSum with NaN as 0."""
    return reductions.cumsum(g, op, replace_nan(g, x, 0.0))


@converts("numpy.Nancumprod")
def nancumprod(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.nancumprod` to a cumulative product with NaN as 1."""
    return reductions.cumprod(g, op, replace_nan(g, x, 1.0))
