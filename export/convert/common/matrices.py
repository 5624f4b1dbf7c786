"""What the algorithms of linear algebra share: matrices, their rows and columns.

ONNX has no solver and no decomposition. They are written as loops over the rows or
columns, in float64 whatever the matrices' own type, so that the loss of digits in a
longhand algorithm stays below what the model can see. Whatever stands before the last
two axes is a batch; sizes may be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.loops import scan
from keras_acts.export.trace.shapes.broadcasting import broadcast

Step = Callable[..., Sequence[ir.Value]]


def double(g: GraphBuilder, x: Operand) -> ir.Value:
    """Return a tensor in float64."""
    return g.cast(x, ir.DataType.DOUBLE)


def transpose(g: GraphBuilder, x: ir.Value, rank: int) -> ir.Value:
    """Exchange the last two axes."""
    turned: ir.Value = g.Transpose(x, perm=[*range(rank - 2), rank - 1, rank - 2])
    if x.shape is not None:
        *batch, rows, columns = g.static_shape(x)
        g.with_shape(turned, [*batch, columns, rows])
    return turned


def positions(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return the numbers of the places along an axis, an int64 vector."""
    size = g.static_shape(x)[axis]
    if size is not None:
        return g.constant(np.arange(size, dtype=np.int64))
    count = g.Squeeze(g.size(x, axis), [0])
    every: ir.Value = g.Range(np.int64(0), count, np.int64(1))
    return g.with_shape(every, [None])


def upright(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return a vector as a column."""
    column: ir.Value = g.Unsqueeze(x, [1])
    return column


def row(g: GraphBuilder, x: ir.Value, k: ir.Value) -> ir.Value:
    """Return one row, as a matrix."""
    one: ir.Value = g.Gather(x, g.Unsqueeze(k, [0]), axis=-2)
    return one


def column(g: GraphBuilder, x: ir.Value, k: ir.Value) -> ir.Value:
    """Return one column, as a matrix."""
    one: ir.Value = g.Gather(x, g.Unsqueeze(k, [0]), axis=-1)
    return one


def zeros_like(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return zeros of a tensor's sizes."""
    zeros: ir.Value = g.Expand(np.zeros((), np.float64), g.Shape(x))
    return g.with_shape(zeros, g.static_shape(x))


def identity(g: GraphBuilder, x: ir.Value, size: int | None, axis: int) -> ir.Value:
    """Return an identity matrix for each matrix of a batch.

    Args:
        g: The graph builder.
        x: The batch.
        size: The matrices' size, None where unknown.
        axis: The axis of `x` that has this size.
    """
    batch = [g.size(x, i) for i in range(g.rank(x) - 2)]
    if size is not None:
        ones: ir.Value = g.constant(np.eye(size))
    else:
        places = positions(g, x, axis)
        ones = double(g, g.Equal(upright(g, places), places))
    side = g.size(x, axis)
    made: ir.Value = g.Expand(ones, g.shape(*batch, side, side))
    return g.with_shape(made, [*g.static_shape(x)[:-2], size, size])


def repeat(
    g: GraphBuilder, step: Step, places: ir.Value, *carried: ir.Value
) -> list[ir.Value]:
    """Append a loop: `step(k, *carried)` for each place, and return the last result."""

    def body(
        now: list[ir.Value], place: list[ir.Value]
    ) -> tuple[Sequence[ir.Value], Sequence[ir.Value]]:
        new = step(place[0], *now)
        for value, before in zip(new, now, strict=True):
            g.with_shape(value, g.static_shape(before))
        return new, ()

    return scan(g, body, carried, [places])[0]


def alike(g: GraphBuilder, a: ir.Value, b: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Broadcast the batches of two matrices with as many rows to each other."""
    first, second = (list(g.static_shape(x)) for x in (a, b))
    if first[:-2] == second[:-2]:
        return a, b
    batch = broadcast(first[:-2], second[:-2])
    grown = []
    for x, other, sizes in ((a, b, first), (b, a, second)):
        column = g.Slice(zeros_like(g, other), [0], [1], [g.rank(other) - 1])
        whole = g.Add(x, column)
        grown.append(g.with_shape(whole, [*batch, *sizes[-2:]]))
    return grown[0], grown[1]
