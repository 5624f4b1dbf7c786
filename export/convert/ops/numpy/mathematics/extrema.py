"""Extremes of two tensors without NaN, and what goes by the larger of two."""

from __future__ import annotations

import math

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import Binary, is_float, register_binary
from keras_acts.export.convert.ops.numpy.mathematics.elementwise import log1p


def heaviside(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """0 below 0, 1 above it, at it what is given; NaN stays."""
    one = g.cast(1.0, require_dtype(x1))
    step = g.Where(g.Greater(x1, 0), one, g.Where(g.Equal(x1, 0), x2, x1))
    return g.Where(g.Less(x1, 0), g.zeros_like(x1), step)


def logaddexp2(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """log2(2^x1 + 2^x2), from the larger one up."""
    gap = g.Where(g.Equal(x1, x2), g.zeros_like(x1), g.Abs(g.Sub(x1, x2)))
    more = log1p(g, g.Exp(g.Mul(gap, -math.log(2.0))))
    return g.Add(g.Max(x1, x2), g.cast(g.Div(more, math.log(2.0)), x1.dtype))  # type: ignore[arg-type]


def _of_numbers(op_type: str) -> Binary:
    """Return an extreme that is NaN only where both are."""

    def extreme(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
        result: ir.Value = getattr(g, op_type)(x1, x2)
        if is_float(x1):
            result = g.Where(g.IsNaN(x2), x1, result)
            result = g.Where(g.IsNaN(x1), x2, result)
        return result

    return extreme


register_binary("numpy.Fmax", _of_numbers("Max"))
register_binary("numpy.Fmin", _of_numbers("Min"))
register_binary("numpy.Heaviside", heaviside)
register_binary("numpy.Logaddexp2", logaddexp2)
