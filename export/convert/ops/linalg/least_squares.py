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
    has_few_rows,
    jacobi_rotations,
    singular_values,
)
from keras_acts.export.convert.registry import converts


def _tolerance(g: GraphBuilder, x: ir.Value, factor: float = 1.0) -> ir.Value:
    """Return the larger size of a matrix times the epsilon of its dtype."""
    is_double = x.dtype == ir.DataType.DOUBLE
    epsilon = float(np.finfo(np.float64 if is_double else np.float32).eps)
    sizes = g.static_shape(x)[-2:]
    if None not in sizes:
        known = max(size or 0 for size in sizes)
        return g.constant(np.asarray(factor * known * epsilon))
    largest = to_float64(g, g.Max(g.size(x, -2), g.size(x, -1)))
    return g.Mul(largest, factor * epsilon)


def _pseudo_inverse(g: GraphBuilder, x: ir.Value, tolerance: ir.Value) -> ir.Value:
    """Return the pseudo-inverse, without relatively small singular values."""
    rank, transposes = g.rank(x), has_few_rows(g, x)
    tall = transpose(g, to_float64(g, x), rank) if transposes else to_float64(g, x)
    rotated, rotation = jacobi_rotations(g, tall)
    squares = reduce(g, "ReduceSumSquare", rotated, [rank - 2], keepdims=True)
    largest = reduce(g, "ReduceMax", squares, [rank - 1], keepdims=True)
    nonzero = g.Greater(squares, g.Mul(largest, g.Mul(tolerance, tolerance)))
    nonzero = g.And(nonzero, g.Greater(squares, 0.0))
    factors = g.Where(nonzero, g.Reciprocal(g.Where(nonzero, squares, 1.0)), 0.0)
    left = g.Mul(rotation, factors)
    if transposes:
        return g.MatMul(rotated, transpose(g, left, rank))
    return g.MatMul(left, transpose(g, rotated, rank))


@converts("linalg.Pinv")
def pinv(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.pinv` to a product with the reciprocal singular values."""
    tolerance = (
        _tolerance(g, x, 10.0)
        if op.rcond is None
        else g.constant(np.asarray(op.rcond, np.float64))
    )
    return _pseudo_inverse(g, x, tolerance)


@converts("linalg.Lstsq")
def lstsq(g: GraphBuilder, op: Any, a: Operand, b: Operand) -> ir.Value:
    """Map `linalg.lstsq` to a product with the pseudo-inverse of a."""
    left, right = (x if isinstance(x, ir.Value) else to_float64(g, x) for x in (a, b))
    if op.rcond is None or op.rcond < 0:
        tolerance = _tolerance(g, left)
    else:
        tolerance = g.constant(np.asarray(op.rcond, np.float64))
    return g.MatMul(_pseudo_inverse(g, left, tolerance), to_float64(g, right))


@converts("linalg.MatrixRank")
def matrix_rank(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.matrix_rank` to a count of the singular values above a tolerance."""
    values = singular_values(g, x)
    axis = g.rank(values) - 1
    if op.tol is None:
        largest = reduce(g, "ReduceMax", values, [axis], keepdims=True)
        tolerance = g.Mul(largest, _tolerance(g, x))
    else:
        tolerance = g.constant(np.asarray(op.tol, np.float64))
    above = g.cast(g.Greater(values, tolerance), ir.DataType.INT32)
    return reduce(g, "ReduceSum", above, [axis])
