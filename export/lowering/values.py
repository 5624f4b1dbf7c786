"""Building blocks of the forms of several families."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype

Array = np.ndarray[Any, Any]

LINEAR_FROM = {ir.DataType.FLOAT: 16.0, ir.DataType.DOUBLE: 37.0}
"""From these z on, log(1 + e^z) rounds to z."""


def scalar_like(g: GraphBuilder, value: float, like: ir.Value) -> ir.Value:
    """Return a number as a scalar in the dtype of a value."""
    return g.constant(np.asarray(value, require_dtype(like).numpy()))


def constant_value(argument: Any) -> Array | None:
    """Return the value of a number or a constant weight, else None."""
    if not isinstance(argument, ir.Value):
        return np.asarray(argument, np.float64)
    if argument.const_value is None:
        return None
    return argument.const_value.numpy().astype(np.float64)


def minimum(g: GraphBuilder, x: ir.Value, limit: float = 0.0) -> ir.Value:
    """Return `min(x, limit)` in one vectorized pass; Min is slower.

    Without a lower bound, Clip would turn -inf into the lowest finite number.
    """
    return g.Clip(x, scalar_like(g, float("-inf"), x), limit)


def maximum(g: GraphBuilder, x: ir.Value, limit: float) -> ir.Value:
    """Return `max(x, limit)` in one vectorized pass, also of +inf."""
    return g.Clip(x, limit, scalar_like(g, float("inf"), x))


def clipped_exp(g: GraphBuilder, x: ir.Value, limit: float = 0.0) -> ir.Value:
    """Return `exp(min(x, limit))`, which can't overflow."""
    return g.Exp(g.Clip(x, None, limit))


def log_one_plus(g: GraphBuilder, u: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return `log(w)`, `w` and `w - 1` for the rounded `w = 1 + u`.

    The part of `u` that was rounded off is `u - (w - 1)`; divided by `w`, it corrects
    `log(w)` to `log(1 + u)`.
    """
    w = g.Add(u, 1.0)
    return g.Log(w), w, g.Sub(w, 1.0)


def expm1(g: GraphBuilder, t: ir.Value) -> Any:
    """Return `exp(t) - 1` for t up to 0, as `2h / (1 - h)` with `h = tanh(t / 2)`."""
    half = g.Tanh(g.Mul(t, 0.5))
    return g.Div(g.Mul(half, 2.0), g.Sub(scalar_like(g, 1.0, t), half))
