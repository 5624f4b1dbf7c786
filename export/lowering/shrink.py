"""The shrink family: a dead zone around zero, or other slopes in the tails."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import FLOAT32, form
from keras_acts.export.lowering.values import constant_value, minimum, scalar_like

_STEEP = 2.0**100
"""Slope of a hard sigmoid that acts as a step; a power of two, so it is exact."""


@form(
    "hard_shrink",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    why="the standard operator, one kernel on CUDA; NaN becomes 0",
)
def hard_shrink_operator(
    g: GraphBuilder, x: ir.Value, threshold: float = 0.5
) -> ir.Value:
    """Map to the operator Shrink without a bias."""
    return g.Shrink(x, lambd=float(threshold), bias=0.0)


@form(
    "hard_shrink",
    targets=("cpu",),
    dtypes=FLOAT32,
    # Numbers next to the threshold must differ from it by at least 2^-100, and its
    # product with the slope must be finite.
    when=lambda x, threshold=0.5: 2.0**-76 <= threshold <= 2.0**27,
    why="vectorized, 15 times as fast as Shrink: x times an exact step; NaN stays",
)
def hard_shrink_step(g: GraphBuilder, x: ir.Value, threshold: float = 0.5) -> ir.Value:
    """Map to x times a HardSigmoid so steep that it is a step at the threshold."""
    edge = -float(np.float32(threshold)) * _STEEP
    return g.Mul(x, g.HardSigmoid(g.Abs(x), alpha=_STEEP, beta=edge))


@form("hard_shrink", why="a comparison and a Where; NaN stays")
def hard_shrink_choice(
    g: GraphBuilder, x: ir.Value, threshold: float = 0.5
) -> ir.Value:
    """Map to a Where: 0 up to the threshold in magnitude, x beyond it."""
    return g.Where(g.LessOrEqual(g.Abs(x), threshold), scalar_like(g, 0.0, x), x)


@form(
    "soft_shrink",
    targets=("cuda", "portable"),
    dtypes=FLOAT32,
    why="the standard operator, one kernel on CUDA; NaN becomes 0",
)
def soft_shrink_operator(
    g: GraphBuilder, x: ir.Value, threshold: float = 0.5
) -> ir.Value:
    """Map to the operator Shrink with the threshold as bias."""
    return g.Shrink(x, lambd=float(threshold), bias=float(threshold))


@form("soft_shrink", why="vectorized, 20 times as fast as Shrink; NaN stays")
def soft_shrink_clip(g: GraphBuilder, x: ir.Value, threshold: float = 0.5) -> ir.Value:
    """Map to `x - clip(x, -threshold, threshold)`."""
    return g.Sub(x, g.Clip(x, -threshold, threshold))


def _has_ordered_thresholds(
    x: ir.Value, t_left: Any, a_left: Any, t_right: Any, a_right: Any
) -> bool:
    left, right = constant_value(t_left), constant_value(t_right)
    return left is not None and right is not None and bool(np.all(left <= right))


@form(
    "srelu",
    when=_has_ordered_thresholds,
    why="fast passes: the middle part, and both tails",
)
def srelu_sum(
    g: GraphBuilder, x: ir.Value, t_left: Any, a_left: Any, t_right: Any, a_right: Any
) -> ir.Value:
    """Map to the sum of x clipped to the thresholds, and both scaled tails."""
    middle = g.Min(g.Max(x, t_left), t_right)
    outside = g.Sub(x, middle)
    left, right = g.Mul(minimum(g, outside), a_left), g.Mul(g.Relu(outside), a_right)
    return g.Add(middle, g.Add(left, right))


@form("srelu", why="also right if training made the thresholds cross")
def srelu_choice(
    g: GraphBuilder, x: ir.Value, t_left: Any, a_left: Any, t_right: Any, a_right: Any
) -> ir.Value:
    """Map to two Wheres, one for each threshold."""
    left = g.Add(g.Mul(g.Sub(x, t_left), a_left), t_left)
    right = g.Add(g.Mul(g.Sub(x, t_right), a_right), t_right)
    inner = g.Where(g.LessOrEqual(x, t_left), left, x)
    return g.Where(g.GreaterOrEqual(x, t_right), right, inner)
