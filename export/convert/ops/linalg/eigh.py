"""Eigenvalues and eigenvectors of symmetric matrices."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.matrices import (
    as_column,
    indices_along,
    to_float64,
    transpose,
)
from keras_acts.export.convert.ops.linalg.svd import jacobi_rotations, sort_columns
from keras_acts.export.convert.registry import converts


@converts("linalg.Eigh")
def eigh(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Map `linalg.eigh` to Jacobi rotations of the shifted, positive matrix.

    Only the lower triangle is read. The singular vectors of the shifted matrix are the
    eigenvectors, even if two eigenvalues differ only in sign. The eigenvalues are
    computed from the matrix without the shift.
    """
    rank = g.rank(x)
    lower = g.Trilu(to_float64(g, x), upper=0)
    indices = indices_along(g, x, -1)
    on_diagonal = g.Equal(as_column(g, indices), indices)
    upper = g.Where(on_diagonal, 0.0, transpose(g, lower, rank))
    symmetric = g.Add(lower, upper)
    norm = reduce(g, "ReduceL2", symmetric, [rank - 2, rank - 1], keepdims=True)
    shifted = g.Add(symmetric, g.Where(on_diagonal, g.Mul(norm, 1.5), 0.0))
    _, vectors = jacobi_rotations(g, shifted)
    products = g.Mul(vectors, g.MatMul(symmetric, vectors))
    values = reduce(g, "ReduceSum", products, [rank - 2])
    values, vectors = sort_columns(g, values, vectors, largest=False)
    return values, vectors
