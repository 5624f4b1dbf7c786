"""The Gaussian family: x times the normal distribution, or an approximation of it."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import FLOAT32, form, lower, since
from keras_acts.export.lowering.values import scalar_like

_TANH = (True, "tanh")


def _is_sigmoid(x: ir.Value, approximate: Any = "none") -> bool:
    return approximate == "sigmoid"


def _is_tanh(x: ir.Value, approximate: Any = "none") -> bool:
    return approximate in _TANH


@form("gelu", when=_is_sigmoid, why="a Swish, which onnxruntime fuses into one kernel")
def gelu_by_sigmoid(g: GraphBuilder, x: ir.Value, approximate: Any) -> ir.Value:
    """Map to `x * sigmoid(1.702 * x)`."""
    return lower("swish", g, x, beta=1.702)


@form("gelu", opsets=since(20), dtypes=FLOAT32, why="the standard operator, one kernel")
def gelu_operator(g: GraphBuilder, x: ir.Value, approximate: Any = "none") -> ir.Value:
    """Map to the operator Gelu."""
    return g.Gelu(x, approximate="tanh" if approximate in _TANH else None)


@form("gelu", when=_is_tanh, why="the formula, for opsets without Gelu and for float64")
def gelu_by_tanh(g: GraphBuilder, x: ir.Value, approximate: Any) -> ir.Value:
    """Map to `x / 2 * (1 + tanh(sqrt(2 / π) * (x + 0.044715 * x³)))`."""
    slope = math.sqrt(2 / math.pi)
    polynomial = g.Add(g.Mul(g.Mul(x, x), 0.044715 * slope), slope)
    # With x halved first, no product overflows.
    return g.Mul(g.Mul(x, 0.5), g.Add(g.Tanh(g.Mul(x, polynomial)), 1.0))


@form("gelu", dtypes=FLOAT32, why="the pattern that onnxruntime fuses into one kernel")
def gelu_by_erf(g: GraphBuilder, x: ir.Value, approximate: Any = "none") -> ir.Value:
    """Map to `x / 2 * (1 + erf(x / sqrt(2)))`."""
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
    """Return erfc(z) for z ≥ 0 in float64, for which onnxruntime has no Erf."""
    denominator = g.Add(z, 4.0)
    t = g.Div(g.Sub(z, 4.0), denominator)
    scaled = scalar_like(g, _SCALED_ERFC[-1], z)
    for coefficient in reversed(_SCALED_ERFC[:-1]):
        scaled = g.Add(g.Mul(scaled, t), coefficient)
    return g.Mul(g.Exp(g.Neg(g.Mul(z, z))), g.Div(scaled, denominator))


@form("gelu", why="onnxruntime has Erf in float32 only: erfc by a polynomial")
def gelu_by_polynomial(
    g: GraphBuilder, x: ir.Value, approximate: Any = "none"
) -> ir.Value:
    """Map to `relu(x) - |x| * erfc(|x| / sqrt(2)) / 2`."""
    magnitude = g.Abs(x)
    half_erfc = g.Mul(erfc(g, g.Mul(magnitude, math.sqrt(0.5))), 0.5)
    return g.Sub(g.Relu(x), g.Mul(magnitude, half_erfc))
