"""LU factors and determinants, by Gaussian elimination with partial pivoting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import (
    column,
    double,
    positions,
    repeat,
    row,
    upright,
)
from keras_acts.export.convert.common.slices import END
from keras_acts.export.convert.registry import converts


def eliminated(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Solve a x = b by Gauss and Jordan's elimination in both at once."""
    rank, places = g.rank(a), positions(g, a, -1)
    standing = upright(g, places)
    *batch, size, _ = g.static_shape(a)
    known, more = g.static_shape(a)[-1], g.static_shape(b)[-1]
    width = None if known is None or more is None else known + more
    both = g.with_shape(g.Concat(a, b, axis=rank - 1), [*batch, size, width])

    def step(k: ir.Value, m: ir.Value) -> Sequence[ir.Value]:
        m, _ = _pivoted(g, m, standing, k)
        here = g.Equal(standing, k)
        pivots = row(g, m, k)
        pivots = g.Div(pivots, column(g, pivots, k))
        factors = g.Where(here, 0.0, column(g, m, k))
        return [g.Where(here, pivots, g.Sub(m, g.Mul(factors, pivots)))]

    (made,) = repeat(g, step, places, both)
    return g.with_shape(
        g.Slice(made, g.size(a, -1), [END], [rank - 1]),
        g.static_shape(b),
    )


def _pivoted(
    g: GraphBuilder, m: ir.Value, standing: ir.Value, k: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """Exchange row k with the one below that has the largest number in column k.

    Returns:
        The matrices, and the numbers of the rows exchanged, one for each matrix.
    """
    size = g.Abs(column(g, m, k))
    candidates = g.Where(g.GreaterOrEqual(standing, k), size, -1.0)
    pivot = g.ArgMax(candidates, axis=-2, keepdims=1)
    order = g.Where(
        g.Equal(standing, k), pivot, g.Where(g.Equal(standing, pivot), k, standing)
    )
    moved = g.GatherElements(m, g.Expand(order, g.Shape(m)), axis=-2)
    return moved, pivot


def factored(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Factor matrices into a lower and an upper triangle, with exchanges of rows.

    Returns:
        Both triangles in one matrix, the rows exchanged as LAPACK numbers them (from
        0), and the sign of the exchanges, as a matrix of one number.
    """
    *batch, rows, columns = g.static_shape(x)
    standing, lying = upright(g, positions(g, x, -2)), positions(g, x, -1)
    short = -2 if None not in (rows, columns) and rows < columns else -1  # type: ignore[operator]
    places = positions(g, x, short)
    first = g.Slice(x, [0, 0], [1, 1], [-2, -1])
    number = g.with_shape(g.Expand(np.ones(()), g.Shape(first)), [*batch, 1, 1])
    start = g.Mul(g.cast(number, ir.DataType.INT64), places)
    start = g.with_shape(start, [*batch, 1, g.static_shape(places)[0]])

    def step(
        k: ir.Value, m: ir.Value, exchanged: ir.Value, sign: ir.Value
    ) -> Sequence[ir.Value]:
        m, pivot = _pivoted(g, m, standing, k)
        pivots = row(g, m, k)
        divisor = column(g, pivots, k)
        divisor = g.Where(g.Equal(divisor, 0.0), 1.0, divisor)
        factors = g.Div(column(g, m, k), divisor)
        factors = g.Where(g.Greater(standing, k), factors, 0.0)
        rest = g.Sub(m, g.Mul(factors, g.Where(g.Greater(lying, k), pivots, 0.0)))
        store = g.And(g.Equal(lying, k), g.Greater(standing, k))
        return (
            g.Where(store, factors, rest),
            g.Where(g.Equal(places, k), pivot, exchanged),
            g.Where(g.Equal(pivot, k), sign, g.Neg(sign)),
        )

    m, exchanged, sign = repeat(g, step, places, x, start, number)
    return m, exchanged, sign


@converts("linalg.LuFactor")
def lu_factor(g: GraphBuilder, op: Any, x: ir.Value) -> Sequence[ir.Value]:
    m, exchanged, _ = factored(g, double(g, x))
    return m, g.Squeeze(exchanged, [-2])


def sign_and_diagonal(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the sign of the exchanges, and the upper triangle's diagonal."""
    x = double(g, x)
    m, _, sign = factored(g, x)
    places = positions(g, x, -1)
    on = g.Equal(upright(g, places), places)
    diagonal = reduce(g, "ReduceSum", g.Where(on, m, 0.0), [g.rank(x) - 1])
    return g.Squeeze(sign, [-2, -1]), diagonal


@converts("linalg.Det")
def det(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    if x.dtype == ir.DataType.FLOAT:
        made: ir.Value = g.Det(x)
        return made
    sign, diagonal = sign_and_diagonal(g, x)
    return g.Mul(sign, reduce(g, "ReduceProd", diagonal, [g.rank(x) - 2]))
