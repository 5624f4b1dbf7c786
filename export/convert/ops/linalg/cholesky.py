"""Cholesky's factors, and systems with a triangular matrix."""

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
    """Return the lower factor, column by column; NaN where there is none."""
    places, rank = indices_along(g, x, -1), g.rank(x)

    def step(k: ir.Value, rest: ir.Value, factor: ir.Value) -> Sequence[ir.Value]:
        below = g.GreaterOrEqual(as_column(g, places), k)
        one = column(g, rest, k)
        one = g.Where(below, g.Div(one, g.Sqrt(row(g, one, k))), 0.0)
        rest = g.Sub(rest, g.Mul(one, g.Transpose(one, perm=_turned(rank))))
        return rest, g.Where(g.Equal(places, k), one, factor)

    return loop_over(g, step, places, x, zeros_like(g, x))[1]


def _turned(rank: int) -> list[int]:
    return [*range(rank - 2), rank - 1, rank - 2]


@converts("linalg.Cholesky")
def cholesky(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    factor = cholesky_factor(g, to_float64(g, x))
    return transpose(g, factor, g.rank(x)) if op.upper else factor


@converts("linalg.CholeskyInverse")
def cholesky_inverse(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Invert the product of a factor and its transpose."""
    factor, rank = to_float64(g, x), g.rank(x)
    lower = transpose(g, factor, rank) if op.upper else factor
    whole = identity(g, lower, g.static_shape(x)[-1], rank - 1)
    inverse = substituted(g, lower, whole, lower=True)
    product: ir.Value = g.MatMul(transpose(g, inverse, rank), inverse)
    return g.with_shape(product, g.static_shape(x))


@converts("linalg.SolveTriangular")
def solve_triangular(g: GraphBuilder, op: Any, a: Operand, b: Operand) -> ir.Value:
    return solved(
        g, a, b, lambda left, right: substituted(g, left, right, lower=op.lower)
    )


def solved(g: GraphBuilder, a: Operand, b: Operand, solve: Any) -> ir.Value:
    """Solve with a matrix on the right, or with the vector that an axis less means."""
    left, right = to_float64(g, a), to_float64(g, b)
    if g.rank(right) != g.rank(left) - 1:
        made: ir.Value = solve(*broadcast_batches(g, left, right))
        return made
    sizes = g.static_shape(right)
    standing = g.with_shape(g.Unsqueeze(right, [-1]), [*sizes, 1])
    return g.Squeeze(solve(*broadcast_batches(g, left, standing)), [-1])


def substituted(g: GraphBuilder, a: ir.Value, b: ir.Value, *, lower: bool) -> ir.Value:
    """Solve for one row after the other, from the one that stands alone."""
    places = indices_along(g, a, -1)
    triangle = g.with_shape(g.Trilu(a, upper=int(not lower)), g.static_shape(a))
    last = None if lower else g.Sub(g.Squeeze(g.size(a, -1), [0]), 1)

    def step(k: ir.Value, x: ir.Value) -> Sequence[ir.Value]:
        k = k if last is None else g.Sub(last, k)
        factors = row(g, triangle, k)
        rest = g.Sub(row(g, b, k), g.MatMul(factors, x))
        value = g.Div(rest, column(g, factors, k))
        return [g.Where(g.Equal(as_column(g, places), k), value, x)]

    return loop_over(g, step, places, zeros_like(g, b))[0]
