"""The exponential family: smooth below zero, linear above it.

onnxruntime's CPU kernels of Elu, Selu, Celu, Softplus and Mish compute one number at a
time; Exp, Clip, Max and arithmetic are vectorized, and several of them are faster.
"""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.lowering.table import FLOATS, SINGLE, form, lower, since, until
from keras_acts.export.lowering.values import (
    LINEAR_FROM,
    exp_below,
    log_of_next,
    number,
)
from keras_acts.functional.exponential import SELU_ALPHA, SELU_SCALE

_CUDA_UNTIL_21 = "one kernel, which many releases match up to opset 21 only"


@form("exponential", why="one vectorized kernel")
def exponential(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Exp(x)


@form("elu", targets=("portable",), dtypes=SINGLE, why="the standard operator")
@form("elu", targets=("cuda",), opsets=until(21), dtypes=SINGLE, why=_CUDA_UNTIL_21)
def elu_operator(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    return g.Elu(x, alpha=float(alpha))


def _fall(g: GraphBuilder, x: ir.Value, factor: Any = 1.0) -> Any:
    """Return `factor * (1 - exp(min(x, 0)))`, exactly 0 for positive x."""
    if require_dtype(x) == ir.DataType.FLOAT:
        # One pass subtracts and cuts off: above 0, where exp(x) may be inf, it is 0.
        fall = g.HardSigmoid(g.Exp(x), alpha=-1.0, beta=1.0)
    else:
        fall = g.Sub(number(g, 1.0, x), exp_below(g, x))
    is_one = not isinstance(factor, ir.Value) and factor == 1
    return fall if is_one else g.Mul(fall, factor)


def _curve(g: GraphBuilder, x: ir.Value, factor: float = 1.0) -> Any:
    """Return `factor * (exp(min(x, 0)) - 1)`."""
    fall = _fall(g, x)
    return g.Neg(fall) if factor == 1 else g.Mul(fall, -factor)


@form(
    "elu",
    when=lambda x, alpha=1.0: alpha <= 1,
    why="vectorized, twice as fast as Elu: the curve lies above the line",
)
def elu_max(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    return g.Max(x, _curve(g, x, alpha))


@form("elu", why="vectorized, faster than Elu: one of both terms is 0")
def elu_difference(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    return g.Sub(g.Relu(x), _fall(g, x, alpha))


@form("selu", targets=("portable",), dtypes=SINGLE, why="the standard operator")
@form("selu", targets=("cuda",), opsets=until(21), dtypes=SINGLE, why=_CUDA_UNTIL_21)
def selu_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Selu(x)


@form(
    "selu", dtypes=SINGLE, why="an ELU, bent at 0 and scaled: six fast passes in place"
)
def selu_by_elu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    bent = g.LeakyRelu(g.Max(x, _curve(g, x)), alpha=SELU_ALPHA)
    return g.Mul(bent, SELU_SCALE)


@form("selu", why="the line and the curve by themselves: one of both terms is 0")
def selu_difference(g: GraphBuilder, x: ir.Value) -> ir.Value:
    line = g.Mul(g.Relu(x), SELU_SCALE)
    return g.Sub(line, _fall(g, x, SELU_SCALE * SELU_ALPHA))


@form("celu", targets=("portable",), dtypes=SINGLE, why="the standard operator")
def celu_operator(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    return g.Celu(x, alpha=float(alpha))


@form(
    "celu",
    when=lambda x, alpha=1.0: alpha == 1,
    why="it is ELU then, which has kernels on CUDA",
)
def celu_of_one(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    return lower("elu", g, x)


@form("celu", why="vectorized; CUDA has no Celu: the curve lies above the line")
def celu_max(g: GraphBuilder, x: ir.Value, alpha: float = 1.0) -> ir.Value:
    return g.Max(x, _curve(g, g.Div(x, alpha), alpha))


@form("pelu", why="the line and the curve by themselves: one of both terms is 0")
def pelu(g: GraphBuilder, x: ir.Value, alpha: Any, beta: Any) -> ir.Value:
    line = g.Mul(g.Relu(x), _quotient(g, alpha, beta))
    return g.Sub(line, _fall(g, g.Div(x, beta), alpha))


def _quotient(g: GraphBuilder, a: Any, b: Any) -> Any:
    """Return a quotient, of weights or of numbers."""
    is_value = isinstance(a, ir.Value) or isinstance(b, ir.Value)
    if not is_value:
        return a / b
    return g.Div(a, b) if isinstance(a, ir.Value) else g.Mul(g.Reciprocal(b), a)


def _is_plain(x: ir.Value, beta: float = 1.0) -> bool:
    return beta == 1


@form(
    "softplus",
    targets=("cuda", "portable"),
    dtypes=SINGLE,
    when=_is_plain,
    why="the standard operator, one kernel on CUDA; on the CPU it is a slow one",
)
def softplus_operator(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    return g.Softplus(x)


@form(
    "softplus",
    targets=("cuda", "portable"),
    dtypes=SINGLE,
    why="Softplus up to where it is linear, so that a product with beta can't overflow",
)
def softplus_scaled(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    z = g.Clip(g.Mul(x, beta), None, LINEAR_FROM[require_dtype(x)])
    return g.Max(x, g.Div(g.Softplus(z), beta))


@form("softplus", why="vectorized, 3 times as fast as Softplus, accurate in the tail")
def softplus_log(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    if beta == 1:
        return g.Max(x, _log1p_exp(g, x))
    return g.Max(x, g.Div(_log1p_exp(g, g.Mul(x, beta)), beta))


def _log1p_exp(g: GraphBuilder, z: ir.Value) -> Any:
    """Return `log(1 + exp(min(z, limit)))`."""
    u = exp_below(g, z, LINEAR_FROM[require_dtype(z)])
    log, w, rounded = log_of_next(g, u)
    return g.Add(log, g.Div(g.Sub(u, rounded), w))


@form("squareplus", why="no term cancels below 0, none overflows")
def squareplus(g: GraphBuilder, x: ir.Value, b: float = 4.0) -> ir.Value:
    # An exact scale keeps b, where it is huge, below the cap.
    scale = 2.0 ** max(0, math.ceil(math.log2(b) / 2) - 8)
    if scale != 1:
        scaled = squareplus(g, g.Mul(x, 1 / scale), b / scale**2)
        return g.Mul(scaled, scale)
    half = g.Abs(g.Mul(x, 0.5))
    # From 2^60 on the root is |x|/2; capped, its square is finite.
    capped = g.Clip(half, None, 2.0**60)
    root = g.Max(half, g.Sqrt(g.Add(g.Mul(capped, capped), b / 4)))
    return g.Add(g.Relu(x), g.Div(number(g, b / 4, x), g.Add(half, root)))


@form("keras_squareplus", why="Keras's own formula, which overflows where Keras does")
def keras_squareplus(g: GraphBuilder, x: ir.Value, b: float = 4.0) -> ir.Value:
    return g.Mul(g.Add(x, g.Sqrt(g.Add(g.Mul(x, x), b))), 0.5)


@form(
    "mish",
    targets=("portable",),
    opsets=since(18),
    dtypes=SINGLE,
    why="the standard operator",
)
def mish_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Mish(x)


@form(
    "mish",
    targets=("cuda", "portable"),
    dtypes=SINGLE,
    why="three kernels on CUDA, which has none for Mish",
)
def mish_product(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Mul(x, g.Tanh(g.Softplus(x)))


@form(
    "mish",
    dtypes=FLOATS,
    why="vectorized, 10 times as fast as Mish: tanh(log(1+u)) is a quotient in u",
)
def mish_quotient(g: GraphBuilder, x: ir.Value) -> ir.Value:
    u = exp_below(g, x, 20.0)
    w = g.Mul(u, g.Add(u, 2.0))
    return g.Mul(x, g.Div(w, g.Add(w, 2.0)))
