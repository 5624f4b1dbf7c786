"""The Bessel function i0 and sinc."""

from __future__ import annotations

import math
from collections.abc import Sequence

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import (
    Unary,
    half_to_float32,
    register_unary,
)


def sinc(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return sin(πx)/(πx), 1 at 0."""
    angle = g.Mul(half_to_float32(g, x), math.pi)
    at_zero = g.Equal(angle, 0)
    one = g.cast(1.0, require_dtype(angle))
    return g.Where(at_zero, one, g.Div(g.Sin(angle), g.Where(at_zero, one, angle)))


def i0(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the modified Bessel function of order 0.

    It is its power series up to 8, then e^x/√x times a polynomial in 8/x. The
    exponential is split in two factors, so that it doesn't overflow before the function
    does.
    """
    magnitude = g.Abs(half_to_float32(g, x))
    precise = magnitude.dtype == ir.DataType.DOUBLE
    square = g.Mul(g.Min(magnitude, 8.0), g.Min(magnitude, 8.0))
    near = _polynomial(g, g.Mul(square, 0.25), _I0_SERIES[: 26 if precise else 17])
    far = g.Max(magnitude, 8.0)
    tail = _polynomial(
        g, g.Div(g.cast(8.0, require_dtype(far)), far), _I0_TAIL[precise]
    )
    half = g.Exp(g.Mul(far, 0.5))
    beyond = g.Mul(g.Mul(half, g.Div(tail, g.Sqrt(far))), half)
    return g.Where(g.LessOrEqual(magnitude, 8.0), near, beyond)


def _polynomial(
    g: GraphBuilder, x: ir.Value, coefficients: Sequence[float]
) -> ir.Value:
    result = g.cast(coefficients[-1], require_dtype(x))
    for coefficient in reversed(coefficients[:-1]):
        result = g.Add(g.Mul(x, result), coefficient)
    return result


# Abramowitz and Stegun 9.6.12: I0(x) in powers of x²/4.
_I0_SERIES = tuple(1.0 / math.factorial(n) ** 2 for n in range(26))

# √x·e^-x·I0(x) for x ≥ 8 in powers of 8/x, interpolated at Chebyshev's nodes with 60
# digits: relative errors of 2e-10 and 2e-16.
_I0_TAIL = {
    False: (
        0.3989422803486322,
        0.006233479883681495,
        0.00043814994906031556,
        5.818541636628315e-05,
        6.649472707450951e-06,
        1.1378270762918436e-05,
        -8.08629031907445e-06,
        4.305382686103718e-06,
    ),
    True: (
        0.39894228040143265,
        0.006233473131311347,
        0.0004382910733193845,
        5.7069543543585715e-05,
        1.0910355104334625e-05,
        3.0284347007162737e-06,
        -2.659515550006589e-06,
        3.351703343445427e-05,
        -0.00022715593352844242,
        0.0011647587059624997,
        -0.004546955535933792,
        0.01368735387171203,
        -0.031981663410676785,
        0.058124568868271165,
        -0.08196007600628516,
        0.08900123146240684,
        -0.07343427457064947,
        0.045045350514833285,
        -0.01983453993113738,
        0.005907294782708311,
        -0.0010621964078734935,
        8.673548748778975e-05,
    ),
}

SPECIAL: dict[str, Unary] = {"numpy.I0": i0, "numpy.Sinc": sinc}
for _kind, _compute in SPECIAL.items():
    register_unary(_kind, _compute)
