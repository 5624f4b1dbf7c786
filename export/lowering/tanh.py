"""The tanh family: odd and saturating, and functions built from tanh."""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import EXACT, FLOAT32, form


@form("tanh", why="one vectorized kernel")
def tanh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to Tanh."""
    return g.Tanh(x)


@form("hard_tanh", dtypes=EXACT, why="one exact kernel")
def hard_tanh(
    g: GraphBuilder, x: ir.Value, min_value: float = -1.0, max_value: float = 1.0
) -> ir.Value:
    """Map to Clip from `min_value` to `max_value`."""
    return g.Clip(x, min_value, max_value)


@form("tanh_shrink", why="two passes; near 0 accurate to the rounding of x")
def tanh_shrink(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x - tanh(x)`."""
    return g.Sub(x, g.Tanh(x))


@form("lisht", why="two passes")
def lisht(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x * tanh(x)`."""
    return g.Mul(x, g.Tanh(x))


@form("softsign", dtypes=FLOAT32, why="the standard operator, one kernel")
def softsign_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to the operator Softsign."""
    return g.Softsign(x)


@form("softsign", why="Softsign has a float32 kernel only")
def softsign_quotient(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map to `x / (|x| + 1)`."""
    return g.Div(x, g.Add(g.Abs(x), 1.0))
