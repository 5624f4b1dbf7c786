"""The relu family: piecewise linear, with a kink at a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import EXACT, FLOAT32, form, lower, until
from keras_acts.export.lowering.values import constant_value, minimum, scalar_like


def _is_plain_relu(
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> bool:
    return negative_slope == 0 and threshold == 0


@form("relu", dtypes=EXACT, when=_is_plain_relu, why="Relu, or Clip: one exact kernel")
def relu_operator(
    g: GraphBuilder, x: ir.Value, max_value: float | None = None, **_: float
) -> ir.Value:
    """Map to Relu, or to Clip with a maximum."""
    return g.Relu(x) if max_value is None else g.Clip(x, 0.0, max_value)


@form("relu", why="its parts, each in its best form")
def relu_parts(
    g: GraphBuilder,
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> ir.Value:
    """Map to a thresholded or leaky ReLU, and a Min for the maximum."""
    if negative_slope == 0:
        y = lower("thresholded_relu", g, x, theta=threshold)
    elif threshold == 0:
        y = _leaky(g, x, negative_slope)
    else:
        left = g.Mul(g.Sub(x, threshold), negative_slope)
        y = g.Where(g.LessOrEqual(x, threshold), left, x)
    return y if max_value is None else g.Min(y, max_value)


def _has_nonnegative_arguments(
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> bool:
    return negative_slope >= 0 and threshold >= 0


@form(
    "keras_relu",
    dtypes=EXACT,
    when=_has_nonnegative_arguments,
    why="Keras's ReLU then equals this package's",
)
def keras_relu(g: GraphBuilder, x: ir.Value, **arguments: Any) -> ir.Value:
    """Map to the ReLU of this package."""
    return lower("relu", g, x, **arguments)


@form("keras_relu", why="Keras's own sum of both sides, for negative arguments")
def keras_relu_sum(
    g: GraphBuilder,
    x: ir.Value,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> ir.Value:
    """Map to a thresholded ReLU less `negative_slope * relu(threshold - x)`."""
    y = lower("thresholded_relu", g, x, theta=threshold)
    if max_value is not None:
        y = g.Clip(y, 0.0, max_value)
    if negative_slope == 0:
        return y
    return g.Sub(
        y, g.Mul(g.Relu(g.Sub(scalar_like(g, threshold, x), x)), negative_slope)
    )


@form("relu6", dtypes=EXACT, why="one exact kernel")
def relu6(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to Clip from 0 to 6."""
    return g.Clip(x, 0.0, 6.0)


@form(
    "leaky_relu",
    dtypes=FLOAT32,
    when=lambda x, negative_slope=0.01: negative_slope != 0,
    why="one kernel, faster than Mul and Max",
)
def leaky_relu_operator(
    g: GraphBuilder, x: ir.Value, negative_slope: float = 0.01
) -> ir.Value:
    """Map to the operator LeakyRelu."""
    return g.LeakyRelu(x, alpha=float(negative_slope))


@form("leaky_relu", why="a slope of 0 is Relu; LeakyRelu has a float32 kernel only")
def leaky_relu_extreme(
    g: GraphBuilder, x: ir.Value, negative_slope: float = 0.01
) -> ir.Value:
    """Map to Relu for a slope of 0, else to a PReLU."""
    return (
        g.Relu(x) if negative_slope == 0 else lower("prelu", g, x, alpha=negative_slope)
    )


@form("rrelu", why="inference uses the mean of the slopes")
def rrelu(
    g: GraphBuilder, x: ir.Value, lower: float = 1 / 8, upper: float = 1 / 3, **_: Any
) -> ir.Value:
    """Map to a leaky ReLU with the mean of both slopes."""
    return _leaky(g, x, (lower + upper) / 2)


def _leaky(g: GraphBuilder, x: ir.Value, slope: float) -> ir.Value:
    return lower("leaky_relu", g, x, negative_slope=slope)


def _is_below_one(x: ir.Value, alpha: Any) -> bool:
    slopes = constant_value(alpha)
    # A slope of 0 would turn +inf into NaN.
    return slopes is not None and bool(np.all((slopes <= 1) & (slopes != 0)))


def _is_above_one(x: ir.Value, alpha: Any) -> bool:
    slopes = constant_value(alpha)
    return slopes is not None and bool(np.all(slopes >= 1))


def _broadcasts_to_x(x: ir.Value, alpha: Any) -> bool:
    """Whether PRelu takes a slope: a tensor that broadcasts to x, not the reverse."""
    if not isinstance(alpha, ir.Value) or x.shape is None or alpha.shape is None:
        return False
    sizes = list(x.shape)[len(x.shape) - len(alpha.shape) :]
    fits = zip(alpha.shape, sizes, strict=False)
    return len(alpha.shape) == len(sizes) and all(a in (1, b) for a, b in fits)


@form(
    "prelu",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    when=_broadcasts_to_x,
    why="the standard operator, one kernel on CUDA but slow on the CPU",
)
def prelu_operator(g: GraphBuilder, x: ir.Value, alpha: ir.Value) -> ir.Value:
    """Map to the operator PRelu."""
    return g.PRelu(x, alpha)


@form("prelu", when=_is_below_one, why="two passes: for slopes up to 1 PReLU is convex")
def prelu_max(g: GraphBuilder, x: ir.Value, alpha: Any) -> ir.Value:
    """Map to `max(x, alpha * x)`, for slopes up to 1."""
    return g.Max(x, g.Mul(x, alpha))


@form(
    "prelu", when=_is_above_one, why="two passes: for slopes from 1 on PReLU is concave"
)
def prelu_min(g: GraphBuilder, x: ir.Value, alpha: Any) -> ir.Value:
    """Map to `min(x, alpha * x)`, for slopes from 1 on."""
    return g.Min(x, g.Mul(x, alpha))


@form("prelu", why="four fast passes, right for all slopes, known or not")
def prelu_sum(g: GraphBuilder, x: ir.Value, alpha: Any) -> ir.Value:
    """Map to `relu(x) + alpha * min(x, 0)`."""
    return g.Add(g.Relu(x), g.Mul(minimum(g, x), alpha))


@form("aprelu", why="a PReLU whose slope the layer computes")
def aprelu(g: GraphBuilder, x: ir.Value, slope: Any) -> ir.Value:
    """Map to a PReLU with a computed slope."""
    return lower("prelu", g, x, alpha=slope)


@form(
    "thresholded_relu",
    targets=("cpu", "portable"),
    dtypes=FLOAT32,
    why="the standard operator, one kernel; NaN becomes 0",
)
@form(
    "thresholded_relu",
    targets=("cuda",),
    opsets=until(21),
    dtypes=FLOAT32,
    why="one kernel, registered by many releases up to opset 21; NaN becomes 0",
)
def thresholded_relu_operator(
    g: GraphBuilder, x: ir.Value, theta: float = 1.0
) -> ir.Value:
    """Map to the operator ThresholdedRelu."""
    return g.ThresholdedRelu(x, alpha=float(theta))


@form("thresholded_relu", why="a comparison and a Where; NaN stays")
def thresholded_relu_choice(
    g: GraphBuilder, x: ir.Value, theta: float = 1.0
) -> ir.Value:
    """Map to a Where: 0 up to the threshold, x above it."""
    return _where_above(g, x, theta, 0.0)


@form(
    "threshold",
    when=lambda x, threshold, default_value: default_value == 0,
    why="a thresholded ReLU",
)
def threshold_zero(
    g: GraphBuilder, x: ir.Value, threshold: float, default_value: float
) -> ir.Value:
    """Map to a thresholded ReLU, for a default value of 0."""
    return lower("thresholded_relu", g, x, theta=threshold)


@form("threshold", why="a comparison and a Where; NaN stays")
def threshold_choice(
    g: GraphBuilder, x: ir.Value, threshold: float, default_value: float
) -> ir.Value:
    """Map to a Where: the default value up to the threshold, x above it."""
    return _where_above(g, x, threshold, default_value)


def _where_above(
    g: GraphBuilder, x: ir.Value, limit: float, default: float
) -> ir.Value:
    return g.Where(g.LessOrEqual(x, limit), scalar_like(g, default, x), x)


@form("squared_relu", why="two passes")
def squared_relu(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `relu(x)²`."""
    positive = g.Relu(x)
    return g.Mul(positive, positive)


@form("crelu", dtypes=EXACT, why="two exact kernels")
def crelu(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
    """Map to a Concat of `relu(x)` and `relu(-x)`; the axis doubles."""
    return g.Concat(g.Relu(x), g.Relu(g.Neg(x)), axis=axis)


@form("tlu", dtypes=EXACT, why="one exact kernel")
def tlu(g: GraphBuilder, x: ir.Value, tau: Any) -> ir.Value:
    """Map to `max(x, tau)`."""
    return g.Max(x, tau)


@form("frelu", dtypes=EXACT, why="one exact kernel")
def frelu(g: GraphBuilder, x: ir.Value, funnel: Any) -> ir.Value:
    """Map to `max(x, funnel)`."""
    return g.Max(x, funnel)


@form("dyrelu", why="the lines one by one; their coefficients are small")
def dyrelu(g: GraphBuilder, x: ir.Value, slopes: Any, intercepts: Any) -> ir.Value:
    """Map to the largest of `slopes[k] * x + intercepts[k]`."""
    a, b = (
        v if isinstance(v, ir.Value) else scalar_like(g, v, x)
        for v in (slopes, intercepts)
    )
    lines = []
    for k in range(g.static_shape(a)[0] or 0):
        index = np.asarray(k, np.int64)
        slope, intercept = (g.Gather(v, index, axis=0) for v in (a, b))
        lines.append(g.Add(g.Mul(x, slope), intercept))
    return lines[0] if len(lines) == 1 else g.Max(*lines)
