"""Householder's reflections: the factors of an orthogonal and a triangular matrix."""

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


def reflected(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return the whole orthogonal factor and the triangle, of LAPACK's signs."""
    *_, rows, columns = g.static_shape(x)
    rank = g.rank(x)
    standing = as_column(g, indices_along(g, x, -2))
    short = -2 if None not in (rows, columns) and rows < columns else -1  # type: ignore[operator]

    def step(k: ir.Value, q: ir.Value, r: ir.Value) -> Sequence[ir.Value]:
        one = column(g, r, k)
        first = row(g, one, k)
        tail = g.Where(g.Greater(standing, k), one, 0.0)
        squares = reduce(g, "ReduceSumSquare", tail, [rank - 2], keepdims=True)
        norm = g.Sqrt(g.Add(g.Mul(first, first), squares))
        # Away from 0, so that nothing cancels.
        head = g.Add(first, g.Where(g.Less(first, 0.0), g.Neg(norm), norm))
        mirror = g.Where(g.Equal(standing, k), head, tail)
        length = g.Add(g.Mul(head, head), squares)
        # What has no tail stays as it is.
        flat = g.Equal(squares, 0.0)
        scale = g.Where(flat, 0.0, g.Div(2.0, g.Where(flat, 1.0, length)))
        scaled = g.Mul(mirror, scale)
        lying = g.Transpose(mirror, perm=[*range(rank - 2), rank - 1, rank - 2])
        turned = g.Transpose(scaled, perm=[*range(rank - 2), rank - 1, rank - 2])
        return (
            g.Sub(q, g.Mul(g.MatMul(q, mirror), turned)),
            g.Sub(r, g.Mul(scaled, g.MatMul(lying, r))),
        )

    whole = identity(g, x, rows, rank - 2)
    q, r = loop_over(g, step, indices_along(g, x, short), whole, x)
    return q, g.with_shape(g.Trilu(r, upper=1), g.static_shape(x))


@converts("linalg.Qr")
def qr(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    q, r = reflected(g, to_float64(g, x))
    *batch, rows, columns = g.static_shape(x)
    if op.mode == "complete" or rows is None or columns is None or rows <= columns:
        return q, r
    rank = g.rank(x)
    q = g.with_shape(g.Slice(q, [0], [columns], [rank - 1]), [*batch, rows, columns])
    r = g.with_shape(g.Slice(r, [0], [columns], [rank - 2]), [*batch, columns, columns])
    return q, r
