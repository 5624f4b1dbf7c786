"""The gaussian family: x times the normal distribution, or a sigmoid like it."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import SINGLE, form, lower, since
from keras_acts.export.lowering.values import number

_TANH = (True, "tanh")


def _is_sigmoid(x: ir.Value, approximate: Any = "none") -> bool:
    return approximate == "sigmoid"


def _is_tanh(x: ir.Value, approximate: Any = "none") -> bool:
    return approximate in _TANH


@form("gelu", when=_is_sigmoid, why="a Swish, which onnxruntime fuses into one kernel")
def gelu_by_sigmoid(g: GraphBuilder, x: ir.Value, approximate: Any) -> ir.Value:
    return lower("swish", g, x, beta=1.702)


@form("gelu", opsets=since(20), dtypes=SINGLE, why="the standard operator, one kernel")
def gelu_operator(g: GraphBuilder, x: ir.Value, approximate: Any = "none") -> ir.Value:
    return g.Gelu(x, approximate="tanh" if approximate in _TANH else None)


@form("gelu", when=_is_tanh, why="the formula, before there is Gelu and in float64")
def gelu_by_tanh(g: GraphBuilder, x: ir.Value, approximate: Any) -> ir.Value:
    slope = math.sqrt(2 / math.pi)
    curve = g.Add(g.Mul(g.Mul(x, x), 0.044715 * slope), slope)
    # Halved first, no product overflows.
    return g.Mul(g.Mul(x, 0.5), g.Add(g.Tanh(g.Mul(x, curve)), 1.0))


@form("gelu", dtypes=SINGLE, why="the pattern that onnxruntime fuses into one kernel")
def gelu_by_erf(g: GraphBuilder, x: ir.Value, approximate: Any = "none") -> ir.Value:
    return g.Mul(g.Mul(x, 0.5), g.Add(g.Erf(g.Div(x, math.sqrt(2))), 1.0))


# exp(z²)·erfc(z)·(z + 4) for z ≥ 0 as a polynomial in t = (z - 4)/(z + 4), by
# interpolation at Chebyshev points in 50 digits; within 3 ulp of float64.
_SCALED_ERFC = (
    1.095995661000491,
    -0.9765487290808824,
    0.7732087022652361,
    -0.5408538313131965,
    0.33085158787810337,
    -0.17401093724091568,
    0.07638151490700863,
    -0.026370053328949945,
    0.0061120556821152045,
    -0.0002809589371945609,
    -0.0004550528495048933,
    0.00017681308475719695,
    -3.634558037436345e-06,
    -1.8861481777975764e-05,
    4.693043799316667e-06,
    1.42495728038385e-06,
    -8.444415138513227e-07,
    -7.597760874906101e-08,
    1.231160742255897e-07,
    8.276487613621898e-10,
    -1.5522062791612513e-08,
    2.6471770049944693e-10,
    1.252169228211782e-09,
)


def erfc(g: GraphBuilder, z: ir.Value) -> ir.Value:
    """Return erfc(z) for z ≥ 0 in float64, which has no Erf."""
    above = g.Add(z, 4.0)
    t = g.Div(g.Sub(z, 4.0), above)
    scaled = number(g, _SCALED_ERFC[-1], z)
    for coefficient in reversed(_SCALED_ERFC[:-1]):
        scaled = g.Add(g.Mul(scaled, t), coefficient)
    return g.Mul(g.Exp(g.Neg(g.Mul(z, z))), g.Div(scaled, above))


@form("gelu", why="onnxruntime has Erf in float32 only: erfc by a polynomial")
def gelu_by_polynomial(
    g: GraphBuilder, x: ir.Value, approximate: Any = "none"
) -> ir.Value:
    size = g.Abs(x)
    half_erfc = g.Mul(erfc(g, g.Mul(size, math.sqrt(0.5))), 0.5)
    return g.Sub(g.Relu(x), g.Mul(size, half_erfc))
