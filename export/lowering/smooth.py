"""The smooth family: later rectifiers and gates with a continuous gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.gaussian import erfc
from keras_acts.export.lowering.table import FLOAT32, form, lower
from keras_acts.export.lowering.values import expm1, maximum, minimum, scalar_like
from keras_acts.functional.gaussian import TAIL
from keras_acts.functional.smooth.gates import LAPLACE_MU, LAPLACE_SIGMA
from keras_acts.functional.smooth.rectifiers import SERLU_ALPHA, SERLU_SCALE


@form("telu", why="three passes; the exponential is clipped so that it stays finite")
def telu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x * tanh(exp(min(x, 5)))`."""
    finite = maximum(g, x, -1000.0)
    return g.Mul(finite, g.Tanh(g.Exp(g.Clip(x, -1000.0, 5.0))))


@form("golu", why="the formula, clipped where the gate is 0")
def golu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x * exp(-exp(-x))`."""
    finite = maximum(g, x, -8.0)
    return g.Mul(finite, g.Exp(g.Neg(g.Exp(g.Neg(finite)))))


@form("hard_mish", why="three passes without a branch")
def hard_mish(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `max(x, -2) * (clip(x, -2, 0) / 2 + 1)`."""
    gate = g.Mul(g.Add(g.Clip(x, -2.0, 0.0), 2.0), 0.5)
    return g.Mul(maximum(g, x, -2.0), gate)


@form(
    "laplace",
    dtypes=FLOAT32,
    why="the tail by a polynomial, where 1 + erf cancels; vectorized",
)
def laplace_by_tail(
    g: GraphBuilder, x: ir.Value, mu: float = LAPLACE_MU, sigma: float = LAPLACE_SIGMA
) -> ir.Value:
    """Map to the tail `s P(s) exp(-y²/2)` of `y = (x - mu) / sigma`, or 1 minus it."""
    y = g.Div(g.Sub(x, mu), sigma)
    s = g.Reciprocal(g.Add(g.Mul(g.Abs(y), 0.35), 1.0))
    value: Any = scalar_like(g, TAIL[-1], x)
    for coefficient in reversed(TAIL[:-1]):
        value = g.Add(g.Mul(value, s), coefficient)
    tail = g.Mul(g.Mul(value, s), g.Exp(g.Mul(g.Mul(y, y), -0.5)))
    above = g.Sub(scalar_like(g, 1.0, x), tail)
    return g.Where(g.Greater(y, 0.0), above, tail)


@form("laplace", why="onnxruntime has Erf in float32 only: erfc by a polynomial")
def laplace(
    g: GraphBuilder, x: ir.Value, mu: float = LAPLACE_MU, sigma: float = LAPLACE_SIGMA
) -> ir.Value:
    """Map to `erfc(|z|) / 2`, or 1 minus it, of `z = (x - mu) / (sigma * sqrt(2))`."""
    z = g.Div(g.Sub(x, mu), sigma * math.sqrt(2))
    tail = g.Mul(erfc(g, g.Clip(g.Abs(z), None, 40.0)), 0.5)
    above = g.Sub(scalar_like(g, 1.0, x), tail)
    return g.Where(g.Greater(z, 0.0), above, tail)


def _inverse_root(g: GraphBuilder, x: ir.Value, alpha: float) -> Any:
    """Return the clipped x times `1 / sqrt(1 + alpha * x²)`."""
    limit = 1e16 / math.sqrt(alpha)
    x = g.Clip(x, -limit, limit)
    scaled = g.Mul(x, math.sqrt(alpha))
    return g.Div(x, g.Sqrt(g.Add(g.Mul(scaled, scaled), 1.0)))


@form("isru", why="the formula, clipped so that the square stays finite")
def isru(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to `x / sqrt(1 + alpha * x²)`."""
    return _inverse_root(g, x, alpha)


@form("isrlu", why="a linear and a bounded term: one of the two is always 0")
def isrlu(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to `relu(x) + t / sqrt(1 + alpha * t²)` with `t = min(x, 0)`."""
    return g.Add(g.Relu(x), _inverse_root(g, minimum(g, x), alpha))


@form("smelu", why="the larger of both parts, which touch at beta")
def smelu(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    """Map to `max(x, m² / (4 * beta))` with `m = clip(x, -beta, beta) + beta`."""
    middle = g.Add(g.Clip(x, -beta, beta), beta)
    return g.Max(x, g.Mul(middle, g.Mul(middle, 0.25 / beta)))


@form("serlu", why="a linear and an exponential term: one of the two is always 0")
def serlu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `scale * relu(x) + scale * alpha * t * exp(t)` with `t = min(x, 0)`."""
    t = g.Clip(x, -1000.0, 0.0)
    below = g.Mul(g.Mul(t, g.Exp(t)), SERLU_SCALE * SERLU_ALPHA)
    return g.Add(g.Mul(g.Relu(x), SERLU_SCALE), below)


@form("elish", why="one sigmoid for both parts, which are 0 in turn")
def elish(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `(relu(x) + exp(min(x, 0)) - 1) * sigmoid(x)`."""
    gate = lower("sigmoid", g, x)
    return g.Mul(g.Add(g.Relu(x), expm1(g, minimum(g, x))), gate)


@form("star_relu", why="the formula, three passes")
def star_relu(g: GraphBuilder, x: ir.Value, scale: Any, bias: Any) -> ir.Value:
    """Map to `scale * relu(x)² + bias`."""
    positive = g.Relu(x)
    return g.Add(g.Mul(g.Mul(positive, scale), positive), bias)


@form("xielu", why="two polynomials of the parts above and below 0, one of them 0")
def xielu(
    g: GraphBuilder, x: ir.Value, alpha_p: Any, alpha_n: Any, beta: float = 0.5
) -> ir.Value:
    """Map to `r * (p * r + beta) + (beta + n) * (exp(t) - 1) - n * t`.

    With r and t the parts of x above and below 0, p and n the softplus of the weights.
    """
    p, n = (_softplus_of_weight(g, alpha, x) for alpha in (alpha_p, alpha_n))
    r, t = g.Relu(x), minimum(g, x)
    above = g.Mul(r, g.Add(g.Mul(r, p), beta))
    below = g.Sub(g.Mul(expm1(g, t), g.Add(n, beta)), g.Mul(t, n))
    return g.Add(above, below)


@form("acon_b", why="ACON-C with the slope 1 on one side")
def acon_b(g: GraphBuilder, x: ir.Value, p: Any, beta: Any) -> ir.Value:
    """Map to the ACON-C of p1 = 1."""
    return lower("acon_c", g, x, p1=scalar_like(g, 1.0, x), p2=p, beta=beta)


@form("acon_c", why="the larger part less what the other takes of it, always finite")
def acon_c(g: GraphBuilder, x: ir.Value, p1: Any, p2: Any, beta: Any) -> ir.Value:
    """Map to `p * x - |d| * sigmoid(-beta * |d|)`, where p prevails.

    With `d = (p1 - p2) * x`, and p1 where that is positive, else p2.
    """
    p1, p2 = (p if isinstance(p, ir.Value) else scalar_like(g, p, x) for p in (p1, p2))
    d = g.Mul(x, g.Sub(p1, p2))
    size = g.Clip(g.Abs(d), None, 1e30)
    taken = g.Mul(size, g.Sigmoid(g.Neg(g.Mul(size, beta))))
    prevails = g.Where(g.Greater(scalar_like(g, 0.0, x), d), p2, p1)
    return g.Sub(g.Mul(x, prevails), taken)


def _softplus_of_weight(g: GraphBuilder, alpha: Any, x: ir.Value) -> ir.Value:
    value = alpha if isinstance(alpha, ir.Value) else scalar_like(g, alpha, x)
    return lower("softplus", g, value)


def _elements(g: GraphBuilder, vector: ir.Value) -> list[Any]:
    """Return the elements of a weight as scalars."""
    (size,) = g.static_shape(vector)
    assert isinstance(size, int)  # a weight's shape is static
    return [g.Gather(vector, np.asarray(i, np.int64), axis=0) for i in range(size)]


def _horner(g: GraphBuilder, coefficients: list[Any], x: Any) -> Any:
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = g.Add(g.Mul(x, value), coefficient)
    return value


@form("rational", why="both polynomials; in powers of 1/x beyond 1, which are finite")
def rational(
    g: GraphBuilder, x: ir.Value, numerator: ir.Value, denominator: ir.Value
) -> ir.Value:
    """Map to `P(x) / Q(x)` up to 1, and to both divided by `x⁴` beyond."""
    one, zero = scalar_like(g, 1.0, x), scalar_like(g, 0.0, x)
    a, b = _elements(g, numerator), _elements(g, g.Abs(denominator))
    is_far = g.Greater(g.Abs(x), 1.0)
    t = g.Where(is_far, zero, x)
    near = g.Div(_horner(g, a, t), _horner(g, [one, *b], g.Abs(t)))
    far = g.Where(is_far, x, one)
    z = g.Reciprocal(far)
    above = g.Mul(far, _horner(g, a[::-1], z))
    beyond = g.Div(above, _horner(g, [*b[::-1], one], g.Abs(z)))
    return g.Where(is_far, beyond, near)
