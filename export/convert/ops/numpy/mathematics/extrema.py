"""Maxima and minima that ignore NaN, and functions of the larger of two numbers."""

from __future__ import annotations

import math

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import Binary, is_float, register_binary
from keras_acts.export.convert.ops.numpy.mathematics.elementwise import log1p


def heaviside(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return 0 below 0, 1 above it, and x2 at 0; NaN stays."""
    one = g.cast(1.0, require_dtype(x1))
    nonnegative = g.Where(g.Greater(x1, 0), one, g.Where(g.Equal(x1, 0), x2, x1))
    return g.Where(g.Less(x1, 0), g.zeros_like(x1), nonnegative)


def logaddexp2(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return log2(2^x1 + 2^x2), as the maximum plus a correction."""
    difference = g.Where(g.Equal(x1, x2), g.zeros_like(x1), g.Abs(g.Sub(x1, x2)))
    correction = log1p(g, g.Exp(g.Mul(difference, -math.log(2.0))))
    return g.Add(g.Max(x1, x2), g.cast(g.Div(correction, math.log(2.0)), x1.dtype))  # type: ignore[arg-type]


def _ignoring_nan(op_type: str) -> Binary:
    """Return Max or Min as a function that is NaN only where both operands are."""

    def extreme(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
        result = getattr(g, op_type)(x1, x2)
        if is_float(x1):
            result = g.Where(g.IsNaN(x2), x1, result)
            result = g.Where(g.IsNaN(x1), x2, result)
        return result

    return extreme


register_binary("numpy.Fmax", _ignoring_nan("Max"))
register_binary("numpy.Fmin", _ignoring_nan("Min"))
register_binary("numpy.Heaviside", heaviside)
register_binary("numpy.Logaddexp2", logaddexp2)
