"""LU factors and determinants, by Gaussian elimination with partial pivoting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import (
    as_column,
    column,
    indices_along,
    loop_over,
    row,
    to_float64,
)
from keras_acts.export.convert.common.slices import END
from keras_acts.export.convert.registry import converts


def gauss_jordan(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Solve a x = b by Gauss-Jordan elimination, a Scan over the columns of a."""
    rank, indices = g.rank(a), indices_along(g, a, -1)
    i = as_column(g, indices)
    *batch, size, _ = g.static_shape(a)
    known, columns = g.static_shape(a)[-1], g.static_shape(b)[-1]
    width = None if known is None or columns is None else known + columns
    both = g.with_shape(g.Concat(a, b, axis=rank - 1), [*batch, size, width])

    def step(k: ir.Value, m: ir.Value) -> Sequence[ir.Value]:
        m, _ = _swap_pivot_row(g, m, i, k)
        is_pivot = g.Equal(i, k)
        pivots = row(g, m, k)
        pivots = g.Div(pivots, column(g, pivots, k))
        factors = g.Where(is_pivot, 0.0, column(g, m, k))
        return [g.Where(is_pivot, pivots, g.Sub(m, g.Mul(factors, pivots)))]

    (reduced,) = loop_over(g, step, indices, both)
    return g.with_shape(
        g.Slice(reduced, g.size(a, -1), [END], [rank - 1]),
        g.static_shape(b),
    )


def _swap_pivot_row(
    g: GraphBuilder, m: ir.Value, i: ir.Value, k: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """Swap row k with the row below that has the largest magnitude in column k.

    Returns:
        The matrices, and the index of the other row for each matrix.
    """
    magnitude = g.Abs(column(g, m, k))
    candidates = g.Where(g.GreaterOrEqual(i, k), magnitude, -1.0)
    pivot = g.ArgMax(candidates, axis=-2, keepdims=1)
    order = g.Where(g.Equal(i, k), pivot, g.Where(g.Equal(i, pivot), k, i))
    swapped = g.GatherElements(m, g.Expand(order, g.Shape(m)), axis=-2)
    return swapped, pivot


def lu_factors(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Factor matrices into a lower and an upper triangle, with row exchanges.

    Returns:
        Both triangles in one matrix, the exchanged rows as in LAPACK (but from 0), and
        the sign of the permutation, as a matrix with one element.
    """
    *batch, rows, columns = g.static_shape(x)
    i, j = as_column(g, indices_along(g, x, -2)), indices_along(g, x, -1)
    short = -2 if None not in (rows, columns) and rows < columns else -1  # type: ignore[operator]
    pivot_indices = indices_along(g, x, short)
    first = g.Slice(x, [0, 0], [1, 1], [-2, -1])
    ones = g.with_shape(g.Expand(np.ones(()), g.Shape(first)), [*batch, 1, 1])
    start = g.Mul(g.cast(ones, ir.DataType.INT64), pivot_indices)
    start = g.with_shape(start, [*batch, 1, g.static_shape(pivot_indices)[0]])

    def step(
        k: ir.Value, m: ir.Value, exchanges: ir.Value, sign: ir.Value
    ) -> Sequence[ir.Value]:
        m, pivot = _swap_pivot_row(g, m, i, k)
        pivots = row(g, m, k)
        divisor = column(g, pivots, k)
        divisor = g.Where(g.Equal(divisor, 0.0), 1.0, divisor)
        factors = g.Div(column(g, m, k), divisor)
        factors = g.Where(g.Greater(i, k), factors, 0.0)
        remainder = g.Sub(m, g.Mul(factors, g.Where(g.Greater(j, k), pivots, 0.0)))
        store = g.And(g.Equal(j, k), g.Greater(i, k))
        return (
            g.Where(store, factors, remainder),
            g.Where(g.Equal(pivot_indices, k), pivot, exchanges),
            g.Where(g.Equal(pivot, k), sign, g.Neg(sign)),
        )

    m, exchanges, sign = loop_over(g, step, pivot_indices, x, start, ones)
    return m, exchanges, sign


@converts("linalg.LuFactor")
def lu_factor(g: GraphBuilder, op: Any, x: ir.Value) -> Sequence[ir.Value]:
    """Map `linalg.lu_factor` to a Scan over columns, in float64."""
    m, exchanges, _ = lu_factors(g, to_float64(g, x))
    return m, g.Squeeze(exchanges, [-2])


def sign_and_diagonal(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the sign of the row exchanges, and the upper triangle's diagonal."""
    x = to_float64(g, x)
    m, _, sign = lu_factors(g, x)
    indices = indices_along(g, x, -1)
    on_diagonal = g.Equal(as_column(g, indices), indices)
    diagonal = reduce(g, "ReduceSum", g.Where(on_diagonal, m, 0.0), [g.rank(x) - 1])
    return g.Squeeze(sign, [-2, -1]), diagonal


@converts("linalg.Det")
def det(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.det` to Det in float32, else to the product of the LU diagonal."""
    if x.dtype == ir.DataType.FLOAT:
        return g.Det(x)
    sign, diagonal = sign_and_diagonal(g, x)
    return g.Mul(sign, reduce(g, "ReduceProd", diagonal, [g.rank(x) - 2]))
