"""The exponential family: smooth below zero, linear above it.

onnxruntime's CPU kernels of Elu, Selu, Celu, Softplus and Mish process one number at a
time; Exp, Clip, Max and arithmetic are vectorized, and several of them are faster.
"""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.lowering.table import FLOAT32, FLOATS, form, lower, since, until
from keras_acts.export.lowering.values import (
    LINEAR_FROM,
    clipped_exp,
    constant_value,
    log_one_plus,
    scalar_like,
)
from keras_acts.functional.exponential import SELU_ALPHA, SELU_SCALE

_CUDA_UNTIL_21 = "one kernel, which many releases register up to opset 21 only"


@form("exponential", why="one vectorized kernel")
def exponential(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to Exp."""
    return g.Exp(x)


@form("elu", targets=("portable",), dtypes=FLOAT32, why="the standard operator")
@form("elu", targets=("cuda",), opsets=until(21), dtypes=FLOAT32, why=_CUDA_UNTIL_21)
def elu_operator(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to the operator Elu."""
    return g.Elu(x, alpha=float(alpha))


def _one_minus_exp(g: GraphBuilder, x: ir.Value, factor: Any = 1.0) -> Any:
    """Return `factor * (1 - exp(min(x, 0)))`, exactly 0 for positive x."""
    if require_dtype(x) == ir.DataType.FLOAT:
        # One pass subtracts and clips: for x > 0, where exp(x) may be inf, it gives 0.
        difference = g.HardSigmoid(g.Exp(x), alpha=-1.0, beta=1.0)
    else:
        difference = g.Sub(scalar_like(g, 1.0, x), clipped_exp(g, x))
    is_one = not isinstance(factor, ir.Value) and factor == 1
    return difference if is_one else g.Mul(difference, factor)


def _expm1(g: GraphBuilder, x: ir.Value, factor: float = 1.0) -> Any:
    """Return `factor * (exp(min(x, 0)) - 1)`."""
    difference = _one_minus_exp(g, x)
    return g.Neg(difference) if factor == 1 else g.Mul(difference, -factor)


@form(
    "elu",
    when=lambda x, alpha=1.0: alpha <= 1,
    why="vectorized, twice as fast as Elu: the exponential is above x where x < 0",
)
def elu_max(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to `max(x, alpha * (exp(min(x, 0)) - 1))`, for alpha up to 1."""
    return g.Max(x, _expm1(g, x, alpha))


@form("elu", why="vectorized, faster than Elu: one of the two terms is always 0")
def elu_difference(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to `relu(x) - alpha * (1 - exp(min(x, 0)))`."""
    return g.Sub(g.Relu(x), _one_minus_exp(g, x, alpha))


@form("selu", targets=("portable",), dtypes=FLOAT32, why="the standard operator")
@form("selu", targets=("cuda",), opsets=until(21), dtypes=FLOAT32, why=_CUDA_UNTIL_21)
def selu_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to the operator Selu."""
    return g.Selu(x)


@form(
    "selu",
    dtypes=FLOAT32,
    why="an ELU, with its negative part scaled: six fast passes in place",
)
def selu_by_elu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to an ELU, then LeakyRelu for the negative part, then a Mul by the scale."""
    scaled = g.LeakyRelu(g.Max(x, _expm1(g, x)), alpha=SELU_ALPHA)
    return g.Mul(scaled, SELU_SCALE)


@form("selu", why="a linear and an exponential term: one of the two is always 0")
def selu_difference(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `scale * relu(x) - scale * alpha * (1 - exp(min(x, 0)))`."""
    linear = g.Mul(g.Relu(x), SELU_SCALE)
    return g.Sub(linear, _one_minus_exp(g, x, SELU_SCALE * SELU_ALPHA))


@form("celu", targets=("portable",), dtypes=FLOAT32, why="the standard operator")
def celu_operator(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to the operator Celu."""
    return g.Celu(x, alpha=float(alpha))


@form(
    "celu",
    when=lambda x, alpha=1.0: alpha == 1,
    why="CELU is then ELU, which has kernels on CUDA",
)
def celu_of_one(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to the ELU, which CELU is for alpha = 1."""
    return lower("elu", g, x)


@form(
    "celu", why="vectorized; CUDA has no Celu: the exponential is above x where x < 0"
)
def celu_max(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    """Map to `max(x, alpha * (exp(min(x / alpha, 0)) - 1))`."""
    return g.Max(x, _expm1(g, g.Div(x, alpha), alpha))


def _has_positive_beta(x: ir.Value, alpha: Any, beta: Any) -> bool:
    value = constant_value(beta)
    return value is not None and bool((value > 0).all())


@form(
    "pelu",
    when=_has_positive_beta,
    why="a linear and an exponential term: one of the two is always 0",
)
def pelu(g: GraphBuilder, x: ir.Value, alpha: Any, beta: Any) -> ir.Value:
    """Map to `alpha / beta * relu(x) - alpha * (1 - exp(min(x / beta, 0)))`."""
    linear = g.Mul(g.Relu(x), _divide(g, alpha, beta))
    return g.Sub(linear, _one_minus_exp(g, g.Div(x, beta), alpha))


@form("pelu", why="the sign of x / beta decides, where beta may be 0 or below")
def pelu_of_any_beta(g: GraphBuilder, x: ir.Value, alpha: Any, beta: Any) -> ir.Value:
    """Map to `x * alpha / beta` where `x / beta > 0`, else as `pelu` does below 0."""
    t = g.Div(x, beta)
    above = g.Mul(x, _divide(g, alpha, beta))
    below = g.Neg(_one_minus_exp(g, t, alpha))
    return g.Where(g.Greater(t, 0.0), above, below)


def _divide(g: GraphBuilder, a: Any, b: Any) -> Any:
    """Divide two operands, each a weight or a number."""
    is_value = isinstance(a, ir.Value) or isinstance(b, ir.Value)
    if not is_value:
        return a / b
    return g.Div(a, b) if isinstance(a, ir.Value) else g.Mul(g.Reciprocal(b), a)


def _has_unit_beta(x: ir.Value, beta: float = 1.0) -> bool:
    return beta == 1


@form(
    "softplus",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    when=_has_unit_beta,
    why="the standard operator, one kernel on CUDA but slow on the CPU",
)
def softplus_operator(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    """Map to the operator Softplus."""
    return g.Softplus(x)


@form(
    "softplus",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    why="Softplus of a clipped argument, so that beta * x can't overflow",
)
def softplus_scaled(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    """Map to `max(x, softplus(beta * x) / beta)`, with the argument clipped."""
    z = g.Clip(g.Mul(x, beta), None, LINEAR_FROM[require_dtype(x)])
    return g.Max(x, g.Div(g.Softplus(z), beta))


@form("softplus", why="vectorized, 3 times as fast as Softplus, accurate in the tail")
def softplus_log(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    """Map to `max(x, log(1 + exp(beta * x)) / beta)`, with the argument clipped."""
    if beta == 1:
        return g.Max(x, _log1p_exp(g, x))
    return g.Max(x, g.Div(_log1p_exp(g, g.Mul(x, beta)), beta))


def _log1p_exp(g: GraphBuilder, z: ir.Value) -> Any:
    """Return `log(1 + exp(min(z, limit)))`."""
    u = clipped_exp(g, z, LINEAR_FROM[require_dtype(z)])
    log, w, rounded = log_one_plus(g, u)
    return g.Add(log, g.Div(g.Sub(u, rounded), w))


@form("squareplus", why="nothing cancels below 0, and nothing overflows")
def squareplus(g: GraphBuilder, x: ir.Value, b: float = 4.0) -> ir.Value:
    """Map to `relu(x) + (b / 4) / (|x| / 2 + sqrt(x² / 4 + b / 4))`."""
    # A power of two scales a huge b below the cap exactly.
    scale = 2.0 ** max(0, math.ceil(math.log2(b) / 2) - 8)
    if scale != 1:
        scaled = squareplus(g, g.Mul(x, 1 / scale), b / scale**2)
        return g.Mul(scaled, scale)
    half = g.Abs(g.Mul(x, 0.5))
    # From 2^60 on the root is |x|/2; capped there, its square is finite.
    capped = g.Clip(half, None, 2.0**60)
    root = g.Max(half, g.Sqrt(g.Add(g.Mul(capped, capped), b / 4)))
    return g.Add(g.Relu(x), g.Div(scalar_like(g, b / 4, x), g.Add(half, root)))


@form("keras_squareplus", why="Keras's own formula, which overflows where Keras does")
def keras_squareplus(g: GraphBuilder, x: ir.Value, b: float = 4.0) -> ir.Value:
    """Map to `(x + sqrt(x² + b)) / 2`."""
    return g.Mul(g.Add(x, g.Sqrt(g.Add(g.Mul(x, x), b))), 0.5)


@form(
    "mish",
    targets=("portable",),
    opsets=since(18),
    dtypes=FLOAT32,
    why="the standard operator",
)
def mish_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to the operator Mish."""
    return g.Mish(x)


@form(
    "mish",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    why="three kernels on CUDA, which has none for Mish",
)
def mish_product(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x * tanh(softplus(x))`."""
    return g.Mul(x, g.Tanh(g.Softplus(x)))


@form(
    "mish",
    dtypes=FLOATS,
    why="vectorized, 10 times as fast as Mish: tanh(log(1+u)) is a quotient in u",
)
def mish_quotient(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x * w / (w + 2)` with `u = exp(x)` and `w = u * (u + 2)`."""
    u = clipped_exp(g, x, 20.0)
    w = g.Mul(u, g.Add(u, 2.0))
    return g.Mul(x, g.Div(w, g.Add(w, 2.0)))
