"""The error functions, and the reciprocal square root.

erfc and erfinv are computed in float64, erfc by a polynomial of its own: 1 - erf(x)
would lose the tail, and erfinv its precision near 1.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.promotion import register_unary
from keras_acts.export.lowering.gaussian import erfc as erfc_of_positive

# Beyond this, erfc(x) is 0 in float64.
_LAST_NONZERO = 27.5


def erfc(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return erfc(x) = 1 - erf(x) in float64."""
    x = g.cast(x, ir.DataType.DOUBLE)
    magnitude = g.Abs(x)
    tail = erfc_of_positive(
        g, g.Where(g.Greater(magnitude, _LAST_NONZERO), _LAST_NONZERO, magnitude)
    )
    return g.Where(g.Less(x, 0.0), g.Add(g.Neg(tail), 2.0), tail)


def erfinv(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the inverse of erf: Winitzki's formula, then two Halley steps.

    The formula has three correct digits, and each step triples them. Near 1 the steps
    compare with erfc, which keeps its precision there.
    """
    x = g.cast(x, ir.DataType.DOUBLE)
    magnitude = g.Abs(x)
    inside = g.Less(magnitude, 1.0)
    s = g.Where(inside, magnitude, 0.5)
    complement = g.Add(g.Neg(s), 1.0)
    y = _winitzki(g, g.Log(g.Mul(complement, g.Add(s, 1.0))))
    for _ in range(2):
        error = g.Where(
            g.Less(s, 0.5),
            g.Sub(erf(g, y), s),
            g.Sub(complement, erfc_of_positive(g, y)),
        )
        slope = g.Mul(g.Exp(g.Neg(g.Mul(y, y))), 2.0 / math.sqrt(math.pi))
        step = g.Div(error, slope)
        y = g.Sub(y, g.Div(step, g.Add(g.Mul(y, step), 1.0)))
    outside = g.Where(g.Equal(magnitude, 1.0), np.float64(np.inf), np.float64(np.nan))
    return g.Mul(g.Sign(x), g.Where(inside, y, outside))


def _winitzki(g: GraphBuilder, logarithm: ir.Value) -> ir.Value:
    """Solve ln(1 - x²) = -y² (4/π + a y²) / (1 + a y²) for y, without cancellation."""
    a = 0.147
    b = g.Add(g.Mul(logarithm, 0.5), 2.0 / (math.pi * a))
    c = g.Mul(logarithm, -1.0 / a)
    root = g.Sqrt(g.Add(g.Mul(b, b), c))
    positive = g.Greater(b, 0.0)
    # Use the form that adds; keep the divisor of the other from being 0.
    denominator = g.Where(positive, g.Add(root, b), 1.0)
    square = g.Where(positive, g.Div(c, denominator), g.Sub(root, b))
    return g.Sqrt(square)


def erf(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return erf(x): Erf, or in float64 its power series and 1 - erfc(x)."""
    if x.dtype != ir.DataType.DOUBLE:
        return g.Erf(x)
    magnitude = g.Abs(x)
    square, series = g.Mul(x, x), g.cast(_ERF_SERIES[-1], ir.DataType.DOUBLE)
    for coefficient in reversed(_ERF_SERIES[:-1]):
        series = g.Add(g.Mul(square, series), coefficient)
    far = g.Add(g.Neg(erfc(g, g.Clip(magnitude, None, 6.5))), 1.0)
    return g.Mul(
        g.Sign(x), g.Where(g.Less(magnitude, 0.5), g.Mul(magnitude, series), far)
    )


# erf(x)/x in powers of x², to the precision of float64 below 1/2.
_ERF_SERIES = tuple(
    2.0 / math.sqrt(math.pi) * (-1.0) ** n / (math.factorial(n) * (2 * n + 1))
    for n in range(13)
)


register_unary("math.Erf", erf)
register_unary("math.Erfc", erfc)
register_unary("math.Erfinv", erfinv)
register_unary("math.Rsqrt", lambda g, x: g.Reciprocal(g.Sqrt(x)))
