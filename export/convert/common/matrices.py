"""Helpers for linear algebra: matrices, their rows and columns.

ONNX has no solvers and no decompositions. They are written as loops over rows or
columns, in float64 whatever the matrices' dtype, so that the rounding errors of the
algorithms are not visible to the model. All axes but the last two are batch axes; sizes
may be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.loops import scan

Step = Callable[..., Sequence[ir.Value]]


def to_float64(g: GraphBuilder, x: Operand) -> ir.Value:
    """Cast an operand to float64."""
    return g.cast(x, ir.DataType.DOUBLE)


def transpose(g: GraphBuilder, x: ir.Value, rank: int) -> ir.Value:
    """Append a Transpose of the last two axes."""
    return g.Transpose(x, perm=[*range(rank - 2), rank - 1, rank - 2])


def indices_along(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return the indices 0, 1, … along an axis, as an int64 vector."""
    size = g.static_shape(x)[axis]
    if size is not None:
        return g.constant(np.arange(size, dtype=np.int64))
    count = g.Squeeze(g.size(x, axis), [0])
    return g.Range(np.int64(0), count, np.int64(1))


def as_column(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return a vector as a column."""
    return g.Unsqueeze(x, [1])


def row(g: GraphBuilder, x: ir.Value, k: ir.Value) -> ir.Value:
    """Return row k, as a matrix with one row."""
    return g.Gather(x, g.Unsqueeze(k, [0]), axis=-2)


def column(g: GraphBuilder, x: ir.Value, k: ir.Value) -> ir.Value:
    """Return column k, as a matrix with one column."""
    return g.Gather(x, g.Unsqueeze(k, [0]), axis=-1)


def zeros_like(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return float64 zeros in the shape of a tensor."""
    zeros: ir.Value = g.Expand(np.zeros((), np.float64), g.Shape(x))
    return g.with_shape(zeros, g.static_shape(x))


def identity(g: GraphBuilder, x: ir.Value, size: int | None, axis: int) -> ir.Value:
    """Return an identity matrix for each matrix of a batch.

    Args:
        g: The graph builder.
        x: The batch.
        size: The size of the identity, None if unknown.
        axis: The axis of `x` that has this size.
    """
    batch = [g.size(x, i) for i in range(g.rank(x) - 2)]
    if size is not None:
        ones: ir.Value = g.constant(np.eye(size))
    else:
        indices = indices_along(g, x, axis)
        ones = to_float64(g, g.Equal(as_column(g, indices), indices))
    side = g.size(x, axis)
    matrices: ir.Value = g.Expand(ones, g.shape(*batch, side, side))
    return g.with_shape(matrices, [*g.static_shape(x)[:-2], size, size])


def loop_over(
    g: GraphBuilder, step: Step, indices: ir.Value, *carried: ir.Value
) -> list[ir.Value]:
    """Append a Scan of `step(k, *carried)` over indices; return the final values."""

    def body(
        current: list[ir.Value], index: list[ir.Value]
    ) -> tuple[Sequence[ir.Value], Sequence[ir.Value]]:
        new = step(index[0], *current)
        for value, old in zip(new, current, strict=True):
            g.with_shape(value, g.static_shape(old))
        return new, ()

    return scan(g, body, carried, [indices])[0]


def broadcast_batches(
    g: GraphBuilder, a: ir.Value, b: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """Broadcast the batch axes of two matrices with equally many rows."""
    first, second = (list(g.static_shape(x)) for x in (a, b))
    if first[:-2] == second[:-2]:
        return a, b
    results = []
    for x, other in ((a, b), (b, a)):
        column = g.Slice(zeros_like(g, other), [0], [1], [g.rank(other) - 1])
        results.append(g.Add(x, column))
    return results[0], results[1]
