"""The tanh family: odd and saturating, and what is made of tanh."""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import EXACT, SINGLE, form


@form("tanh", why="one vectorized kernel")
def tanh(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Tanh(x)


@form("hard_tanh", dtypes=EXACT, why="one exact kernel")
def hard_tanh(
    g: GraphBuilder, x: ir.Value, min_value: float = -1.0, max_value: float = 1.0
) -> ir.Value:
    return g.Clip(x, min_value, max_value)


@form("tanh_shrink", why="two passes; near 0 within the rounding of x")
def tanh_shrink(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Sub(x, g.Tanh(x))


@form("lisht", why="two passes")
def lisht(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Mul(x, g.Tanh(x))


@form("softsign", dtypes=SINGLE, why="the standard operator, one kernel")
def softsign_operator(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Softsign(x)


@form("softsign", why="Softsign's kernel is float32")
def softsign_quotient(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Div(x, g.Add(g.Abs(x), 1.0))
