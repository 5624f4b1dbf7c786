"""Cholesky factors, and linear systems with a triangular matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.matrices import (
    as_column,
    broadcast_batches,
    column,
    identity,
    indices_along,
    loop_over,
    row,
    to_float64,
    transpose,
    zeros_like,
)
from keras_acts.export.convert.registry import converts


def cholesky_factor(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the lower factor, column by column; NaN if there is none."""
    indices, rank = indices_along(g, x, -1), g.rank(x)

    def step(k: ir.Value, remainder: ir.Value, factor: ir.Value) -> Sequence[ir.Value]:
        below = g.GreaterOrEqual(as_column(g, indices), k)
        pivot = column(g, remainder, k)
        pivot = g.Where(below, g.Div(pivot, g.Sqrt(row(g, pivot, k))), 0.0)
        remainder = g.Sub(
            remainder, g.Mul(pivot, g.Transpose(pivot, perm=_swap_last_axes(rank)))
        )
        return remainder, g.Where(g.Equal(indices, k), pivot, factor)

    return loop_over(g, step, indices, x, zeros_like(g, x))[1]


def _swap_last_axes(rank: int) -> list[int]:
    return [*range(rank - 2), rank - 1, rank - 2]


@converts("linalg.Cholesky")
def cholesky(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.cholesky` to a Scan over columns, in float64; the shape stays."""
    factor = cholesky_factor(g, to_float64(g, x))
    return transpose(g, factor, g.rank(x)) if op.upper else factor


@converts("linalg.CholeskyInverse")
def cholesky_inverse(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.cholesky_inverse` to substitution with the identity, and a MatMul."""
    factor, rank = to_float64(g, x), g.rank(x)
    lower = transpose(g, factor, rank) if op.upper else factor
    eye = identity(g, lower, g.static_shape(x)[-1], rank - 1)
    inverse = solve_triangle(g, lower, eye, lower=True)
    return g.MatMul(transpose(g, inverse, rank), inverse)


@converts("linalg.SolveTriangular")
def solve_triangular(g: GraphBuilder, op: Any, a: Operand, b: Operand) -> ir.Value:
    """Map `linalg.solve_triangular` to substitution, a Scan over rows."""
    return solve_with(
        g, a, b, lambda left, right: solve_triangle(g, left, right, lower=op.lower)
    )


def solve_with(g: GraphBuilder, a: Operand, b: Operand, solve: Any) -> ir.Value:
    """Solve for a matrix, or for a vector if the right side has one axis less."""
    left, right = to_float64(g, a), to_float64(g, b)
    if g.rank(right) != g.rank(left) - 1:
        return solve(*broadcast_batches(g, left, right))
    as_matrix = g.Unsqueeze(right, [-1])
    return g.Squeeze(solve(*broadcast_batches(g, left, as_matrix)), [-1])


def solve_triangle(
    g: GraphBuilder, a: ir.Value, b: ir.Value, *, lower: bool
) -> ir.Value:
    """Solve for one row at a time, by forward or backward substitution."""
    indices = indices_along(g, a, -1)
    triangle = g.Trilu(a, upper=int(not lower))
    last = None if lower else g.Sub(g.Squeeze(g.size(a, -1), [0]), 1)

    def step(k: ir.Value, x: ir.Value) -> Sequence[ir.Value]:
        k = k if last is None else g.Sub(last, k)
        factors = row(g, triangle, k)
        residual = g.Sub(row(g, b, k), g.MatMul(factors, x))
        value = g.Div(residual, column(g, factors, k))
        return [g.Where(g.Equal(as_column(g, indices), k), value, x)]

    return loop_over(g, step, indices, zeros_like(g, b))[0]
