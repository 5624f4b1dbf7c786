"""The sigmoid family: smooth and piecewise-linear gates, alone and times x."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.lowering.table import FLOAT32, form, lower
from keras_acts.export.lowering.values import LINEAR_FROM, clipped_exp, log_one_plus


@form("sigmoid", why="one vectorized kernel, within 1e-7 everywhere")
def sigmoid(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to Sigmoid."""
    return g.Sigmoid(x)


@form("hard_sigmoid", dtypes=FLOAT32, why="one kernel, also on CUDA")
def hard_sigmoid_operator(
    g: GraphBuilder, x: ir.Value, slope: float = 1 / 6, offset: float = 0.5
) -> ir.Value:
    """Map to the operator HardSigmoid."""
    return g.HardSigmoid(x, alpha=float(slope), beta=float(offset))


@form(
    "hard_sigmoid", why="HardSigmoid has float32 attributes and a float32 kernel only"
)
def hard_sigmoid_clip(
    g: GraphBuilder, x: ir.Value, slope: float = 1 / 6, offset: float = 0.5
) -> ir.Value:
    """Map to `clip(slope * x + offset, 0, 1)`."""
    return g.Clip(g.Add(g.Mul(x, slope), offset), 0.0, 1.0)


@form(
    "log_sigmoid",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    why="Softplus is accurate in both tails, the log of Sigmoid in neither",
)
def log_sigmoid_by_softplus(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `-softplus(-x)`."""
    return g.Neg(lower("softplus", g, g.Neg(x)))


@form("log_sigmoid", why="vectorized, twice as fast as Softplus, accurate in the tail")
def log_sigmoid_min(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `min(x, -log(1 + exp(-x)))`, with the argument clipped."""
    u = clipped_exp(g, g.Neg(x), LINEAR_FROM[require_dtype(x)])
    log, w, rounded = log_one_plus(g, u)
    return g.Min(x, g.Sub(g.Div(g.Sub(rounded, u), w), log))


def _is_number(x: ir.Value, beta: Any = 1.0) -> bool:
    return not isinstance(beta, ir.Value)


@form(
    "swish",
    targets=("portable",),
    opsets=range(24, 25),
    dtypes=FLOAT32,
    when=_is_number,
    why="the standard operator; onnxruntime does not load it at opset 25 and 26",
)
def swish_operator(g: GraphBuilder, x: ir.Value, beta: float = 1.0) -> ir.Value:
    """Map to the operator Swish."""
    return g.Swish(x, alpha=float(beta))


@form("swish", why="two vectorized kernels, which onnxruntime fuses into one")
def swish_product(g: GraphBuilder, x: ir.Value, beta: Any = 1.0) -> ir.Value:
    """Map to `x * sigmoid(beta * x)`."""
    is_one = _is_number(x, beta) and beta == 1
    return g.Mul(x, g.Sigmoid(x if is_one else g.Mul(x, beta)))


@form("hard_swish", targets=("portable",), dtypes=FLOAT32, why="the standard operator")
def hard_swish_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to the operator HardSwish."""
    return g.HardSwish(x)


@form("hard_swish", why="the definition of HardSwish, which has no kernel of its own")
def hard_swish_product(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to x times a hard sigmoid."""
    return g.Mul(x, lower("hard_sigmoid", g, x))


@form("sparse_sigmoid", why="a hard sigmoid of slope 1/2, which is exact")
def sparse_sigmoid(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to a hard sigmoid: `clip(x / 2 + 1 / 2, 0, 1)`."""
    return lower("hard_sigmoid", g, x, slope=0.5, offset=0.5)


@form("sparse_plus", why="three passes: the parabola is above x as far as it reaches")
def sparse_plus(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `max(x, sparse_sigmoid(x)²)`."""
    gate = lower("sparse_sigmoid", g, x)
    return g.Max(x, g.Mul(gate, gate))
