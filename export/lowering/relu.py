"""The relu family: piecewise linear, with a kink at a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import EXACT, SINGLE, form, lower, until
from keras_acts.export.lowering.values import below, known, number


def _is_plain(
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> bool:
    return negative_slope == 0 and threshold == 0


@form("relu", dtypes=EXACT, when=_is_plain, why="Relu, or Clip: one exact kernel")
def relu_operator(
    g: GraphBuilder, x: ir.Value, max_value: float | None = None, **_: float
) -> ir.Value:
    return g.Relu(x) if max_value is None else g.Clip(x, 0.0, max_value)


@form("relu", why="its parts, each in its own best form")
def relu_parts(
    g: GraphBuilder,
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> ir.Value:
    if negative_slope == 0:
        y = lower("thresholded_relu", g, x, theta=threshold)
    elif threshold == 0:
        y = _leaky(g, x, negative_slope)
    else:
        left = g.Mul(g.Sub(x, threshold), negative_slope)
        y = g.Where(g.LessOrEqual(x, threshold), left, x)
    return y if max_value is None else g.Min(y, max_value)


def _agrees(
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> bool:
    return negative_slope >= 0 and threshold >= 0


@form("keras_relu", dtypes=EXACT, when=_agrees, why="Keras's is then ours")
def keras_relu(g: GraphBuilder, x: ir.Value, **arguments: Any) -> ir.Value:
    return lower("relu", g, x, **arguments)


@form("keras_relu", why="Keras's own sum of both sides, for arguments below 0")
def keras_relu_sum(
    g: GraphBuilder,
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> ir.Value:
    y = lower("thresholded_relu", g, x, theta=threshold)
    if max_value is not None:
        y = g.Clip(y, 0.0, max_value)
    if negative_slope == 0:
        return y
    return g.Sub(y, g.Mul(g.Relu(g.Sub(number(g, threshold, x), x)), negative_slope))


@form("relu6", dtypes=EXACT, why="one exact kernel")
def relu6(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Clip(x, 0.0, 6.0)


@form(
    "leaky_relu",
    dtypes=SINGLE,
    when=lambda x, negative_slope=0.01: negative_slope != 0,
    why="one kernel, faster than Mul and Max",
)
def leaky_relu_operator(
    g: GraphBuilder, x: ir.Value, negative_slope: float = 0.01
) -> ir.Value:
    return g.LeakyRelu(x, alpha=float(negative_slope))


@form("leaky_relu", why="a slope of 0 is Relu's; LeakyRelu's kernel is float32")
def leaky_relu_extreme(
    g: GraphBuilder, x: ir.Value, negative_slope: float = 0.01
) -> ir.Value:
    return (
        g.Relu(x) if negative_slope == 0 else lower("prelu", g, x, alpha=negative_slope)
    )


@form("rrelu", why="inference has the mean of the slopes")
def rrelu(
    g: GraphBuilder, x: ir.Value, lower: float = 1 / 8, upper: float = 1 / 3, **_: Any
) -> ir.Value:
    return _leaky(g, x, (lower + upper) / 2)


def _leaky(g: GraphBuilder, x: ir.Value, slope: float) -> ir.Value:
    return lower("leaky_relu", g, x, negative_slope=slope)


def _is_below_one(x: ir.Value, alpha: Any) -> bool:
    slopes = known(alpha)
    # A slope of 0 would make NaN of +inf.
    return slopes is not None and bool(np.all((slopes <= 1) & (slopes != 0)))


def _is_above_one(x: ir.Value, alpha: Any) -> bool:
    slopes = known(alpha)
    return slopes is not None and bool(np.all(slopes >= 1))


def _is_slope(x: ir.Value, alpha: Any) -> bool:
    """Whether PRelu takes it: a tensor that broadcasts to x and not x to it."""
    if not isinstance(alpha, ir.Value) or x.shape is None or alpha.shape is None:
        return False
    sizes = list(x.shape)[len(x.shape) - len(alpha.shape) :]
    fits = zip(alpha.shape, sizes, strict=False)
    return len(alpha.shape) == len(sizes) and all(a in (1, b) for a, b in fits)


@form(
    "prelu",
    targets=("cuda", "portable"),
    dtypes=SINGLE,
    when=_is_slope,
    why="the standard operator, one kernel on CUDA; on the CPU it is a slow one",
)
def prelu_operator(g: GraphBuilder, x: ir.Value, alpha: ir.Value) -> ir.Value:
    return g.PRelu(x, alpha)


@form(
    "prelu", when=_is_below_one, why="two passes: slopes up to 1 bend the line upwards"
)
def prelu_max(g: GraphBuilder, x: ir.Value, alpha: Any) -> ir.Value:
    return g.Max(x, g.Mul(x, alpha))


@form("prelu", when=_is_above_one, why="two passes: slopes from 1 on bend it downwards")
def prelu_min(g: GraphBuilder, x: ir.Value, alpha: Any) -> ir.Value:
    return g.Min(x, g.Mul(x, alpha))


@form(
    "prelu", why="right for slopes on both sides of 1, or unknown, in four fast passes"
)
def prelu_sum(g: GraphBuilder, x: ir.Value, alpha: Any) -> ir.Value:
    return g.Add(g.Relu(x), g.Mul(below(g, x), alpha))


@form("aprelu", why="a PReLU whose slope the layer computes")
def aprelu(g: GraphBuilder, x: ir.Value, slope: Any) -> ir.Value:
    return lower("prelu", g, x, alpha=slope)


@form(
    "thresholded_relu",
    targets=("cpu", "portable"),
    dtypes=SINGLE,
    why="the standard operator, one kernel; NaN becomes 0",
)
@form(
    "thresholded_relu",
    targets=("cuda",),
    opsets=until(21),
    dtypes=SINGLE,
    why="one kernel, which many releases match up to opset 21 only; NaN becomes 0",
)
def thresholded_relu_operator(
    g: GraphBuilder, x: ir.Value, theta: float = 1.0
) -> ir.Value:
    return g.ThresholdedRelu(x, alpha=float(theta))


@form("thresholded_relu", why="a comparison and a choice; NaN stays")
def thresholded_relu_choice(
    g: GraphBuilder, x: ir.Value, theta: float = 1.0
) -> ir.Value:
    return _replaced_up_to(g, x, theta, 0.0)


@form(
    "threshold",
    when=lambda x, threshold, default_value: default_value == 0,
    why="a thresholded ReLU",
)
def threshold_zero(
    g: GraphBuilder, x: ir.Value, threshold: float, default_value: float
) -> ir.Value:
    return lower("thresholded_relu", g, x, theta=threshold)


@form("threshold", why="a comparison and a choice; NaN stays")
def threshold_choice(
    g: GraphBuilder, x: ir.Value, threshold: float, default_value: float
) -> ir.Value:
    return _replaced_up_to(g, x, threshold, default_value)


def _replaced_up_to(
    g: GraphBuilder, x: ir.Value, limit: float, default: float
) -> ir.Value:
    return g.Where(g.LessOrEqual(x, limit), number(g, default, x), x)


@form("squared_relu", why="two passes")
def squared_relu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    positive = g.Relu(x)
    return g.Mul(positive, positive)


@form("crelu", dtypes=EXACT, why="both halves by Relu, exact")
def crelu(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
    return g.Concat(g.Relu(x), g.Relu(g.Neg(x)), axis=axis)


@form("tlu", dtypes=EXACT, why="one exact kernel")
def tlu(g: GraphBuilder, x: ir.Value, tau: Any) -> ir.Value:
    return g.Max(x, tau)
