"""QR factors by Householder reflections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import (
    as_column,
    column,
    identity,
    indices_along,
    loop_over,
    row,
    to_float64,
)
from keras_acts.export.convert.registry import converts


def householder(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the full orthogonal factor and the triangle, with LAPACK's signs."""
    *_, rows, columns = g.static_shape(x)
    rank = g.rank(x)
    i = as_column(g, indices_along(g, x, -2))
    steps = indices_along(g, x, -1)
    if rows is None or columns is None:
        steps = g.Slice(steps, [0], shorter(g, x), [0])
    elif rows < columns:
        steps = indices_along(g, x, -2)

    def step(k: ir.Value, q: ir.Value, r: ir.Value) -> Sequence[ir.Value]:
        pivot = column(g, r, k)
        first = row(g, pivot, k)
        tail = g.Where(g.Greater(i, k), pivot, 0.0)
        squares = reduce(g, "ReduceSumSquare", tail, [rank - 2], keepdims=True)
        norm = g.Sqrt(g.Add(g.Mul(first, first), squares))
        # The sign is chosen so that nothing cancels.
        head = g.Add(first, g.Where(g.Less(first, 0.0), g.Neg(norm), norm))
        v = g.Where(g.Equal(i, k), head, tail)
        squared_length = g.Add(g.Mul(head, head), squares)
        # A column that is zero below the diagonal needs no reflection.
        is_zero = g.Equal(squares, 0.0)
        scale = g.Where(is_zero, 0.0, g.Div(2.0, g.Where(is_zero, 1.0, squared_length)))
        scaled = g.Mul(v, scale)
        v_row = g.Transpose(v, perm=[*range(rank - 2), rank - 1, rank - 2])
        scaled_row = g.Transpose(scaled, perm=[*range(rank - 2), rank - 1, rank - 2])
        return (
            g.Sub(q, g.Mul(g.MatMul(q, v), scaled_row)),
            g.Sub(r, g.Mul(scaled, g.MatMul(v_row, r))),
        )

    eye = identity(g, x, rows, rank - 2)
    q, r = loop_over(g, step, steps, eye, x)
    return q, g.Trilu(r, upper=1)


def shorter(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the smaller of the sizes of a matrix, as a vector of one."""
    return g.Min(g.size(x, -2), g.size(x, -1))


@converts("linalg.Qr")
def qr(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Map `linalg.qr` to a Scan of Householder reflections, in float64."""
    q, r = householder(g, to_float64(g, x))
    *_, rows, columns = g.static_shape(x)
    if op.mode == "complete":
        return q, r
    end: ir.Value | list[int]
    if rows is None or columns is None:
        end = shorter(g, x)
    elif rows <= columns:
        return q, r
    else:
        end = [columns]
    rank = g.rank(x)
    return g.Slice(q, [0], end, [rank - 1]), g.Slice(r, [0], end, [rank - 2])
