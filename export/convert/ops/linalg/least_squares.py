"""Pseudo-inverses, least squares and ranks, from the singular values."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import (
    to_float64,
    transpose,
)
from keras_acts.export.convert.ops.linalg.svd import (
    is_wide,
    orthogonalized,
    singular_values,
)
from keras_acts.export.convert.registry import converts


def _limit(g: GraphBuilder, x: ir.Value, factor: float = 1.0) -> ir.Value:
    """Return the larger size of matrices times an epsilon of their type."""
    wide = x.dtype == ir.DataType.DOUBLE
    epsilon = float(np.finfo(np.float64 if wide else np.float32).eps)
    sizes = g.static_shape(x)[-2:]
    if None not in sizes:
        known = max(size or 0 for size in sizes)
        return g.constant(np.asarray(factor * known * epsilon))
    largest = to_float64(g, g.Max(g.size(x, -2), g.size(x, -1)))
    return g.Mul(largest, factor * epsilon)


def _inverted(g: GraphBuilder, x: ir.Value, limit: ir.Value) -> ir.Value:
    """Return the pseudo-inverse without singular values below a part of the largest."""
    rank, wide = g.rank(x), is_wide(g, x)
    tall = transpose(g, to_float64(g, x), rank) if wide else to_float64(g, x)
    turned, turn = orthogonalized(g, tall)
    squares = reduce(g, "ReduceSumSquare", turned, [rank - 2], keepdims=True)
    largest = reduce(g, "ReduceMax", squares, [rank - 1], keepdims=True)
    kept = g.Greater(squares, g.Mul(largest, g.Mul(limit, limit)))
    kept = g.And(kept, g.Greater(squares, 0.0))
    factors = g.Where(kept, g.Reciprocal(g.Where(kept, squares, 1.0)), 0.0)
    left = g.with_shape(g.Mul(turn, factors), g.static_shape(turn))
    if wide:
        made = g.MatMul(turned, transpose(g, left, rank))
    else:
        made = g.MatMul(left, transpose(g, turned, rank))
    *batch, rows, columns = g.static_shape(x)
    return g.with_shape(made, [*batch, columns, rows])


@converts("linalg.Pinv")
def pinv(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    limit = (
        _limit(g, x, 10.0)
        if op.rcond is None
        else g.constant(np.asarray(op.rcond, np.float64))
    )
    return _inverted(g, x, limit)


@converts("linalg.Lstsq")
def lstsq(g: GraphBuilder, op: Any, a: Operand, b: Operand) -> ir.Value:
    """The shortest of the best solutions."""
    left, right = (x if isinstance(x, ir.Value) else to_float64(g, x) for x in (a, b))
    if op.rcond is None or op.rcond < 0:
        limit = _limit(g, left)
    else:
        limit = g.constant(np.asarray(op.rcond, np.float64))
    return g.MatMul(_inverted(g, left, limit), to_float64(g, right))


@converts("linalg.MatrixRank")
def matrix_rank(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    values = singular_values(g, x)
    axis = g.rank(values) - 1
    if op.tol is None:
        largest = reduce(g, "ReduceMax", values, [axis], keepdims=True)
        limit = g.Mul(largest, _limit(g, x))
    else:
        limit = g.constant(np.asarray(op.tol, np.float64))
    above = g.cast(g.Greater(values, limit), ir.DataType.INT32)
    return reduce(g, "ReduceSum", above, [axis])
