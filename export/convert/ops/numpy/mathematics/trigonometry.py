"""Trigonometric and hyperbolic functions, in float64 too.

onnxruntime has most of them in float32 only. In float64 they are composed of sine,
cosine, exponential and logarithm, which it has; an inverse function starts from its
float32 value, whose error then follows exactly from the addition theorem.
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


def _guess(g: GraphBuilder, op_type: str, x: ir.Value) -> ir.Value:
    value: ir.Value = getattr(g, op_type)(g.cast(x, ir.DataType.FLOAT))
    return g.cast(value, ir.DataType.DOUBLE)


def _cosine_of_arcsine(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Sqrt(g.Mul(g.Add(g.Neg(x), 1.0), g.Add(x, 1.0)))


def _arcsin(g: GraphBuilder, x: ir.Value) -> ir.Value:
    y = _guess(g, "Asin", x)
    sine = g.Sub(g.Mul(x, g.Cos(y)), g.Mul(_cosine_of_arcsine(g, x), g.Sin(y)))
    return g.Add(y, sine)


def _arccos(g: GraphBuilder, x: ir.Value) -> ir.Value:
    y = _guess(g, "Acos", x)
    sine = g.Sub(g.Mul(_cosine_of_arcsine(g, x), g.Cos(y)), g.Mul(x, g.Sin(y)))
    return g.Add(y, sine)


def _arctan(g: GraphBuilder, x: ir.Value) -> ir.Value:
    bounded = g.Clip(x, *(g.cast(bound, "float64") for bound in (-1e300, 1e300)))
    y = _guess(g, "Atan", x)
    sine, cosine = g.Sin(y), g.Cos(y)
    opposite = g.Sub(g.Mul(bounded, cosine), sine)
    return g.Add(y, g.Div(opposite, g.Add(cosine, g.Mul(bounded, sine))))


def _sinh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    u = expm1(g, g.Abs(x))
    half = g.Mul(g.Add(u, g.Div(u, g.Add(u, 1.0))), 0.5)
    finite = g.Where(g.IsInf(u), u, half)
    return g.Mul(g.Sign(x), finite)


def _cosh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    u = g.Exp(g.Abs(x))
    return g.Mul(g.Add(u, g.Reciprocal(u)), 0.5)


def _arcsinh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    a = g.Abs(x)
    small = g.Min(a, g.cast(1e9, "float64"))
    square = g.Mul(small, small)
    root = g.Add(g.Sqrt(g.Add(square, 1.0)), 1.0)
    near = log1p(g, g.Add(small, g.Div(square, root)))
    far = g.Add(g.Log(a), math.log(2.0))
    return g.Mul(g.Sign(x), g.Where(g.Less(a, 1e9), near, far))


def _arccosh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    t = g.Sub(g.Min(x, g.cast(1e9, "float64")), 1.0)
    near = log1p(g, g.Add(t, g.Mul(g.Sqrt(t), g.Sqrt(g.Add(t, 2.0)))))
    far = g.Add(g.Log(x), math.log(2.0))
    return g.Where(g.Less(x, 1e9), near, far)


def _arctanh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    a = g.Abs(x)
    odds = g.Div(g.Mul(a, 2.0), g.Add(g.Neg(a), 1.0))
    return g.Mul(g.Sign(x), g.Mul(log1p(g, odds), 0.5))


# The operation, ONNX's operator, and its composition in float64.
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
    def compute(g: GraphBuilder, x: ir.Value) -> ir.Value:
        if x.dtype == ir.DataType.DOUBLE:
            return in_float64(g, x)
        result: ir.Value = getattr(g, op_type)(x)
        return result

    return compute


for _kind, _op_type, _in_float64 in _FLOAT32_ONLY:
    register_unary(_kind, _by_dtype(_op_type, _in_float64))
register_unary("numpy.Cos", lambda g, x: g.Cos(x))
register_unary("numpy.Sin", lambda g, x: g.Sin(x))
register_unary("numpy.Tanh", lambda g, x: g.Tanh(x))

_arctangent = _by_dtype("Atan", _arctan)


@converts("numpy.Arctan2")
def arctan2(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    y, x = (half_to_float32(g, operand) for operand in promoted(g, x1, x2))
    # Of the two sides the shorter is divided by the longer, so that neither 0 nor an
    # overflow appears, and the angle is put together from the octant.
    opposite, adjacent = g.Abs(y), g.Abs(x)
    longer = g.Max(opposite, adjacent)
    divisor = g.Where(g.Equal(longer, 0.0), 1.0, longer)
    octant = _arctangent(g, g.Div(g.Min(opposite, adjacent), divisor))
    steep = g.Greater(opposite, adjacent)
    quadrant = g.Where(steep, g.Add(g.Neg(octant), math.pi / 2), octant)
    backward = g.Less(x, 0.0)
    angle = g.Where(backward, g.Add(g.Neg(quadrant), math.pi), quadrant)
    return g.Where(g.Less(y, 0.0), g.Neg(angle), angle)
