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
from keras_acts.export.convert.ops.linalg.svd import ordered, orthogonalized
from keras_acts.export.convert.registry import converts


@converts("linalg.Eigh")
def eigh(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Of the lower triangle alone, moved by what makes all eigenvalues positive.

    Singular vectors are eigenvectors then, also where two eigenvalues differ in sign
    alone. The eigenvalues come from the matrix as it was.
    """
    rank = g.rank(x)
    lower = g.with_shape(g.Trilu(to_float64(g, x), upper=0), g.static_shape(x))
    places = indices_along(g, x, -1)
    on = g.Equal(as_column(g, places), places)
    upper = g.Where(on, 0.0, transpose(g, lower, rank))
    whole = g.with_shape(g.Add(lower, upper), g.static_shape(x))
    norm = reduce(g, "ReduceL2", whole, [rank - 2, rank - 1], keepdims=True)
    moved = g.Add(whole, g.Where(on, g.Mul(norm, 1.5), 0.0))
    _, turn = orthogonalized(g, g.with_shape(moved, g.static_shape(x)))
    products = g.Mul(turn, g.MatMul(whole, turn))
    values = reduce(g, "ReduceSum", products, [rank - 2])
    values = g.with_shape(values, g.static_shape(x)[:-1])
    values, turn = ordered(g, values, turn, largest=False)
    return values, turn
