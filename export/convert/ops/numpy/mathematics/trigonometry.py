"""Trigonometric and hyperbolic functions, also in float64.

onnxruntime has most of them in float32 only. In float64 they are composed of Sin, Cos,
Exp and Log; an inverse function starts from its float32 value, whose error follows
exactly from the addition theorem.
"""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.promotion import (
    Unary,
    half_to_float32,
    promoted,
    register_unary,
)
from keras_acts.export.convert.ops.numpy.mathematics.elementwise import expm1, log1p
from keras_acts.export.convert.registry import converts


def _float32_estimate(g: GraphBuilder, op_type: str, x: ir.Value) -> ir.Value:
    """Return a function's float32 value as float64."""
    value = getattr(g, op_type)(g.cast(x, ir.DataType.FLOAT))
    return g.cast(value, ir.DataType.DOUBLE)


def _complementary_leg(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return sqrt(1 - x²), the cosine of the arcsine of x."""
    return g.Sqrt(g.Mul(g.Add(g.Neg(x), 1.0), g.Add(x, 1.0)))


def _arcsin(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return arcsin(x) in float64."""
    y = _float32_estimate(g, "Asin", x)
    sine = g.Sub(g.Mul(x, g.Cos(y)), g.Mul(_complementary_leg(g, x), g.Sin(y)))
    return g.Add(y, sine)


def _arccos(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return arccos(x) in float64."""
    y = _float32_estimate(g, "Acos", x)
    sine = g.Sub(g.Mul(_complementary_leg(g, x), g.Cos(y)), g.Mul(x, g.Sin(y)))
    return g.Add(y, sine)


def _arctan(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return arctan(x) in float64."""
    bounded = g.Clip(x, *(g.cast(bound, "float64") for bound in (-1e300, 1e300)))
    y = _float32_estimate(g, "Atan", x)
    sine, cosine = g.Sin(y), g.Cos(y)
    numerator = g.Sub(g.Mul(bounded, cosine), sine)
    return g.Add(y, g.Div(numerator, g.Add(cosine, g.Mul(bounded, sine))))


def _sinh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return sinh(x) in float64, from expm1."""
    u = expm1(g, g.Abs(x))
    half = g.Mul(g.Add(u, g.Div(u, g.Add(u, 1.0))), 0.5)
    finite = g.Where(g.IsInf(u), u, half)
    return g.Mul(g.Sign(x), finite)


def _cosh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return cosh(x) in float64."""
    u = g.Exp(g.Abs(x))
    return g.Mul(g.Add(u, g.Reciprocal(u)), 0.5)


def _arcsinh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return arcsinh(x) in float64, from log1p."""
    a = g.Abs(x)
    small = g.Min(a, g.cast(1e9, "float64"))
    square = g.Mul(small, small)
    root = g.Add(g.Sqrt(g.Add(square, 1.0)), 1.0)
    near = log1p(g, g.Add(small, g.Div(square, root)))
    far = g.Add(g.Log(a), math.log(2.0))
    return g.Mul(g.Sign(x), g.Where(g.Less(a, 1e9), near, far))


def _arccosh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return arccosh(x) in float64, from log1p."""
    t = g.Sub(g.Min(x, g.cast(1e9, "float64")), 1.0)
    near = log1p(g, g.Add(t, g.Mul(g.Sqrt(t), g.Sqrt(g.Add(t, 2.0)))))
    far = g.Add(g.Log(x), math.log(2.0))
    return g.Where(g.Less(x, 1e9), near, far)


def _arctanh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return arctanh(x) in float64, from log1p."""
    a = g.Abs(x)
    odds = g.Div(g.Mul(a, 2.0), g.Add(g.Neg(a), 1.0))
    return g.Mul(g.Sign(x), g.Mul(log1p(g, odds), 0.5))


# The operation, the ONNX operator, and the composition in float64.
_FLOAT32_ONLY: tuple[tuple[str, str, Unary], ...] = (
    ("numpy.Arccos", "Acos", _arccos),
    ("numpy.Arccosh", "Acosh", _arccosh),
    ("numpy.Arcsin", "Asin", _arcsin),
    ("numpy.Arcsinh", "Asinh", _arcsinh),
    ("numpy.Arctan", "Atan", _arctan),
    ("numpy.Arctanh", "Atanh", _arctanh),
    ("numpy.Cosh", "Cosh", _cosh),
    ("numpy.Sinh", "Sinh", _sinh),
    ("numpy.Tan", "Tan", lambda g, x: g.Div(g.Sin(x), g.Cos(x))),
)


def _by_dtype(op_type: str, in_float64: Unary) -> Unary:
    """Return a function that uses the operator, or its composition in float64."""

    def compute(g: GraphBuilder, x: ir.Value) -> ir.Value:
        if x.dtype == ir.DataType.DOUBLE:
            return in_float64(g, x)
        return getattr(g, op_type)(x)

    return compute


for _kind, _op_type, _in_float64 in _FLOAT32_ONLY:
    register_unary(_kind, _by_dtype(_op_type, _in_float64))
register_unary("numpy.Cos", lambda g, x: g.Cos(x))
register_unary("numpy.Sin", lambda g, x: g.Sin(x))
register_unary("numpy.Tanh", lambda g, x: g.Tanh(x))

_arctangent = _by_dtype("Atan", _arctan)


@converts("numpy.Arctan2")
def arctan2(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.arctan2` to the arctangent of the shorter side over the longer one."""
    y, x = (half_to_float32(g, operand) for operand in promoted(g, x1, x2))
    # Dividing the shorter side by the longer avoids overflow and division by 0; the
    # angle then follows from the octant.
    opposite, adjacent = g.Abs(y), g.Abs(x)
    longer = g.Max(opposite, adjacent)
    divisor = g.Where(g.Equal(longer, 0.0), 1.0, longer)
    octant = _arctangent(g, g.Div(g.Min(opposite, adjacent), divisor))
    steep = g.Greater(opposite, adjacent)
    quadrant = g.Where(steep, g.Add(g.Neg(octant), math.pi / 2), octant)
    backward = g.Less(x, 0.0)
    angle = g.Where(backward, g.Add(g.Neg(quadrant), math.pi), quadrant)
    return g.Where(g.Less(y, 0.0), g.Neg(angle), angle)
