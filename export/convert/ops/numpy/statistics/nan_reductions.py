"""Reductions and running sums that leave NaN out."""

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


def without_nan(g: GraphBuilder, x: ir.Value, value: float) -> ir.Value:
    """Put a number in the place of each NaN."""
    if not is_float(x):
        return x
    filler = np.asarray(value, require_dtype(x).numpy())
    return g.with_shape(g.Where(g.IsNaN(x), filler, x), g.static_shape(x))


def _is_all_nan(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    absent = g.cast(g.IsNaN(x), ir.DataType.INT32)
    least = reduce(g, "ReduceMin", absent, axes, keepdims=keepdims)
    return g.cast(least, ir.DataType.BOOL)


def _sums(kind: str, op_type: str, neutral: float) -> None:
    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        (clean,) = promoted(g, without_nan(g, x, neutral))
        return reduce(g, op_type, clean, axes_of(g, op, x), keepdims=op.keepdims)


_sums("numpy.Nansum", "ReduceSum", 0.0)
_sums("numpy.Nanprod", "ReduceProd", 1.0)


def _extremes(kind: str, op_type: str, worst: float) -> None:
    """Register an extreme, which is NaN where there is nothing else."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        axes, keepdims = axes_of(g, op, x), op.keepdims
        extreme = reduce(g, op_type, without_nan(g, x, worst), axes, keepdims=keepdims)
        if not is_float(x):
            return extreme
        nan = np.asarray(np.nan, require_dtype(x).numpy())
        return g.Where(_is_all_nan(g, x, axes, keepdims), nan, extreme)


_extremes("numpy.Nanmax", "ReduceMax", -np.inf)
_extremes("numpy.Nanmin", "ReduceMin", np.inf)


def _finds(kind: str, op_type: str, worst: float) -> None:
    """Register a search for the first extreme, -1 where there is nothing but NaN."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        found = reductions.first_extreme(g, op, op_type, without_nan(g, x, worst))
        if not is_float(x):
            return found
        axes = None if op.axis is None else [op.axis % g.rank(x)]
        return g.Where(_is_all_nan(g, x, axes, op.keepdims), np.asarray(-1), found)


_finds("numpy.Nanargmax", "ArgMax", -np.inf)
_finds("numpy.Nanargmin", "ArgMin", np.inf)


def _count(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    present = g.cast(g.Not(g.IsNaN(x)), require_dtype(x))
    present = g.with_shape(present, g.static_shape(x))
    return reduce(g, "ReduceSum", present, axes, keepdims=keepdims)


def _mean(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    total = reduce(g, "ReduceSum", without_nan(g, x, 0.0), axes, keepdims=keepdims)
    result: ir.Value = g.Div(total, _count(g, x, axes, keepdims))
    return result


def _variance(g: GraphBuilder, x: ir.Value, axes: Axes, keepdims: bool) -> ir.Value:
    distance = g.Sub(x, _mean(g, x, axes, True))
    square = g.with_shape(g.Mul(distance, distance), g.static_shape(x))
    return _mean(g, square, axes, keepdims)


def _averages(kind: str, compute: Any) -> None:
    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        (x,) = promoted(g, x)
        result: ir.Value = compute(
            g, half_to_float32(g, x), axes_of(g, op, x), op.keepdims
        )
        return result


_averages("numpy.Nanmean", _mean)
_averages("numpy.Nanvar", _variance)
_averages("numpy.Nanstd", lambda *arguments: arguments[0].Sqrt(_variance(*arguments)))


@converts("numpy.Nancumsum")
def nancumsum(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return reductions.cumsum(g, op, without_nan(g, x, 0.0))


@converts("numpy.Nancumprod")
def nancumprod(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return reductions.cumprod(g, op, without_nan(g, x, 1.0))
