"""Arithmetic of two tensors."""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.promotion import Binary, is_float, register_binary


def remainder(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return the remainder with the sign of the divisor, as in Python."""
    if not is_float(x1):
        return g.Mod(x1, x2)
    result = g.Mod(x1, x2, fmod=1)
    wrong_sign = g.Less(g.Mul(g.Sign(result), g.Sign(x2)), 0)
    return g.Where(wrong_sign, g.Add(result, x2), result)


def floor_divide(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return the floor of the exact quotient; the rounded one could be 1 too high."""
    quotient = g.Div(g.Sub(x1, remainder(g, x1, x2)), x2)
    return g.Round(quotient) if is_float(x1) else quotient


def divide_no_nan(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return the quotient, 0 where the divisor is 0."""
    return g.Where(g.Equal(x2, 0), 0, g.Div(x1, x2))


def hypot(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return the hypotenuse, scaled by the longer side so that no square overflows."""
    sides = g.Abs(x1), g.Abs(x2)
    longer, shorter = g.Max(*sides), g.Min(*sides)
    ratio = g.Div(shorter, g.Where(g.Equal(longer, 0), 1, longer))
    return g.Mul(longer, g.Sqrt(g.Add(g.Mul(ratio, ratio), 1)))


def logaddexp(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return log(e^x1 + e^x2), as the maximum plus a correction."""
    larger = g.Max(x1, x2)
    difference = g.Neg(g.Abs(g.Sub(x1, x2)))
    return g.Add(larger, g.Log(g.Add(g.Exp(difference), 1)))


BINARY: dict[str, Binary] = {
    "numpy.Add": lambda g, x1, x2: g.Add(x1, x2),
    "numpy.Divide": lambda g, x1, x2: g.Div(x1, x2),
    "numpy.DivideNoNan": divide_no_nan,
    "numpy.FloorDivide": floor_divide,
    "numpy.Fmod": lambda g, x1, x2: g.Mod(x1, x2, fmod=1),
    "numpy.Hypot": hypot,
    "numpy.Logaddexp": logaddexp,
    "numpy.Maximum": lambda g, x1, x2: g.Max(x1, x2),
    "numpy.Minimum": lambda g, x1, x2: g.Min(x1, x2),
    "numpy.Mod": remainder,
    "numpy.Multiply": lambda g, x1, x2: g.Mul(x1, x2),
    "numpy.Power": lambda g, x1, x2: g.Pow(x1, x2),
    "numpy.Subtract": lambda g, x1, x2: g.Sub(x1, x2),
    "numpy.TrueDivide": lambda g, x1, x2: g.Div(x1, x2),
}
for _kind, _compute in BINARY.items():
    register_binary(_kind, _compute)
