"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.common.slices import LARGER_THAN_ANY
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.ops.numpy.statistics.correlation import I64
from keras_acts.export.convert.registry import converts


@converts("numpy.Diagonal")
def diagonal(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.diagonal` to a Gather; the two axes become one, the last."""
    return diagonal_of(g, x, op.offset, op.axis1, op.axis2)


@converts("numpy.Trace")
def trace(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.trace` to a Gather and ReduceSum; the two axes are dropped."""
    (x,) = promoted(g, x)
    diagonal = diagonal_of(g, x, op.offset, op.axis1, op.axis2)
    # onnxruntime doesn't accept -1 for a last axis of size 0.
    return reduce(g, "ReduceSum", diagonal, [g.rank(x) - 2])


@converts("numpy.Diag")
def diag(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.diag` to a Where for a vector, to a Gather for a matrix."""
    return diagonal_matrix(g, x, op.k) if g.rank(x) == 1 else diagonal_of(g, x, op.k)


@converts("numpy.Diagflat")
def diagflat(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.diagflat` to a Where; the result is a matrix."""
    return diagonal_matrix(g, g.Reshape(x, [-1]), op.k)


@converts("numpy.Tril")
def tril(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.tril` to Trilu; the shape stays."""
    return g.Trilu(x, g.cast(op.k, "int64"), upper=0)


@converts("numpy.Triu")
def triu(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.triu` to Trilu; the shape stays."""
    return g.Trilu(x, g.cast(op.k, "int64"), upper=1)


def diagonal_of(
    g: GraphBuilder, x: ir.Value, offset: int = 0, axis1: int = -2, axis2: int = -1
) -> ir.Value:
    """Return the diagonal of two axes, as the last axis.

    With the two axes flattened, its elements are a row and an element apart.
    """
    rank = g.rank(x)
    axes = [axis1 % rank, axis2 % rank]
    others = [axis for axis in range(rank) if axis not in axes]
    x = transposed(g, x, [*others, *axes])
    rows, columns = g.static_shape(x)[-2:]
    flat = g.Reshape(x, [*[0] * len(others), -1])
    if rows is not None and columns is not None:
        known = np.arange(rows * columns).reshape(rows, columns).diagonal(offset)
        return g.Gather(flat, known, axis=-1)
    height, width = g.size(x, -2), g.size(x, -1)
    count = g.Min(g.Add(height, [min(offset, 0)]), g.Add(width, [-max(offset, 0)]))
    start = [offset] if offset >= 0 else g.Mul(width, [-offset])
    steps = g.Range(0 * _one(), g.Squeeze(g.Max(count, [0]), [0]), _one())
    indices = g.Add(g.Mul(steps, g.Add(width, [1])), start)
    return g.Gather(flat, indices, axis=-1)


def _one() -> np.ndarray[Any, Any]:
    return np.ones((), np.int64)


def diagonal_matrix(g: GraphBuilder, x: ir.Value, k: int = 0) -> ir.Value:
    """Return the matrix with a vector on a diagonal and zeros elsewhere."""
    pads = [k, 0] if k >= 0 else [0, -k]
    by_column = g.Pad(x, pads) if k else x
    size = g.static_shape(x)[0]
    on_diagonal: Any
    if size is not None:
        on_diagonal = np.eye(size + abs(k), k=k, dtype=bool)
    else:
        count = g.Add(g.Squeeze(g.Shape(x), [0]), abs(k))
        indices = g.Range(0 * _one(), count, _one())
        on_diagonal = g.Equal(
            g.Add(g.Unsqueeze(indices, [1]), k), g.Unsqueeze(indices, [0])
        )
    return g.Where(on_diagonal, by_column, g.zeros_like(x))


@converts("numpy.Vander")
def vander(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.vander` to Pow; a last axis of powers is added."""
    size = g.static_shape(x)[0] if op.N is None else op.N
    powers: Any
    if size is not None:
        powers = g.cast(np.arange(size), I64)
    else:
        zero, one = np.zeros((), np.int64), np.ones((), np.int64)
        powers = g.Range(zero, g.Squeeze(g.Shape(x), [0]), one)
    if not op.increasing:
        powers = g.Slice(powers, [-1], [-LARGER_THAN_ANY], [0], [-1])
    base = g.Unsqueeze(x, [1])
    return g.Pow(base, g.cast(powers, require_dtype(x)))
