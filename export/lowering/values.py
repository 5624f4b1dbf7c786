"""Pieces that forms of several families are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype

Array = np.ndarray[Any, Any]

LINEAR_FROM = {ir.DataType.FLOAT: 16.0, ir.DataType.DOUBLE: 37.0}
"""From where on log(1 + e^z) is z, to all digits."""


def number(g: GraphBuilder, value: float, like: ir.Value) -> ir.Value:
    """Return a number in the type of a value, where an operator takes it first."""
    return g.constant(np.asarray(value, require_dtype(like).numpy()))


def known(argument: Any) -> Array | None:
    """Return what an argument is at export: a number, a weight; else None."""
    if not isinstance(argument, ir.Value):
        return np.asarray(argument, np.float64)
    if argument.const_value is None:
        return None
    return argument.const_value.numpy().astype(np.float64)


def below(g: GraphBuilder, x: ir.Value, limit: float = 0.0) -> ir.Value:
    """Return `min(x, limit)` in one vectorized pass; Min is slower.

    Without its lower bound, Clip would make the lowest finite number of -inf.
    """
    clipped: ir.Value = g.Clip(x, number(g, float("-inf"), x), limit)
    return clipped


def exp_below(g: GraphBuilder, x: ir.Value, limit: float = 0.0) -> ir.Value:
    """Return `exp(min(x, limit))`, which does not overflow."""
    result: ir.Value = g.Exp(g.Clip(x, None, limit))
    return result


def log_of_next(g: GraphBuilder, u: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return `log(w)`, `w` and `w - 1` of the rounded `w = 1 + u`.

    What `u` has more than `w - 1` was rounded off; its share in log(1 + u) is a
    quotient by `w`.
    """
    w = g.Add(u, 1.0)
    return g.Log(w), w, g.Sub(w, 1.0)
