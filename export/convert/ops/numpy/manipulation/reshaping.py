"""New shapes for the same elements: reshaping, transposing, broadcasting, repeating."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Size
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError


@converts("numpy.Reshape")
def reshape(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.reshape` to Reshape."""
    shape = (
        list(op.newshape) if isinstance(op.newshape, list | tuple) else [op.newshape]
    )
    sizes = [_target_size(g, x, axis, size) for axis, size in enumerate(shape)]
    read = [axis for axis, size in enumerate(sizes) if isinstance(size, ir.Value)]
    unknown = sum(isinstance(size, int) and size == -1 for size in sizes)
    if unknown > 1:
        raise UnsupportedOperationError(
            "A reshape may have one unknown size. Take others from `ops.shape`, not "
            f"from the tensor's `shape`. Received: newshape={tuple(shape)}"
        )
    if len(read) == 1 and not unknown:
        sizes[read[0]] = -1
    return g.Reshape(x, g.shape(*sizes))


def _target_size(g: GraphBuilder, x: ir.Value, axis: int, size: Size | None) -> Size:
    """Return -1 for an unknown size, and 0, which copies it, for the input's."""
    if not isinstance(size, ir.Value):
        return -1 if size is None else size
    node = g.size_node(size)
    if node is None or node.inputs[0] is not x:
        return size
    return 0 if node.attributes["start"].as_int() == axis else size


@converts("numpy.Ravel")
def ravel(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.ravel` to Reshape; the result is a vector."""
    return g.Reshape(x, [-1])


@converts("numpy.ExpandDims")
def expand_dims(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.expand_dims` to Unsqueeze."""
    axes = [op.axis] if isinstance(op.axis, int) else list(op.axis)
    return g.Unsqueeze(x, [axis % (g.rank(x) + len(axes)) for axis in axes])


@converts("numpy.Squeeze")
def squeeze(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.squeeze` to Squeeze."""
    if op.axis is None:
        axes = [axis for axis, size in enumerate(g.static_shape(x)) if size == 1]
    else:
        given = [op.axis] if isinstance(op.axis, int) else op.axis
        axes = [axis % g.rank(x) for axis in given]
    return g.Squeeze(x, axes) if axes else x


@converts("numpy.Transpose")
def transpose(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.transpose` to Transpose."""
    rank = g.rank(x)
    axes = range(rank)[::-1] if op.axes is None else [axis % rank for axis in op.axes]
    return transposed(g, x, axes)


@converts("numpy.Moveaxis")
def moveaxis(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.moveaxis` to Transpose."""
    rank = g.rank(x)
    sources = {
        d % rank: s % rank for s, d in zip(op.source, op.destination, strict=True)
    }
    others = iter([axis for axis in range(rank) if axis not in sources.values()])
    axes = [sources[axis] if axis in sources else next(others) for axis in range(rank)]
    return transposed(g, x, axes)


@converts("numpy.Swapaxes")
def swapaxes(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.swapaxes` to Transpose."""
    axes = list(range(g.rank(x)))
    axes[op.axis1], axes[op.axis2] = axes[op.axis2], axes[op.axis1]
    return transposed(g, x, axes)


@converts("numpy.BroadcastTo")
def broadcast_to(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.broadcast_to` to Expand; 1 keeps a size that is None."""
    known = [1] * (len(op.shape) - g.rank(x)) + list(g.static_shape(x))
    if any(
        new is None and old is not None
        for old, new in zip(known, op.shape, strict=True)
    ):
        raise UnsupportedOperationError(
            "A size can't be broadcast to one that is unknown. Take the size from "
            "`ops.shape`, not from the tensor's `shape`. "
            f"Received: a shape of {known} and shape={tuple(op.shape)}"
        )
    return g.Expand(x, g.shape(*(1 if size is None else size for size in op.shape)))


@converts("numpy.Tile")
def tile(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.tile` to Tile; sizes multiply."""
    given = list(op.repeats) if isinstance(op.repeats, list | tuple) else [op.repeats]
    missing = len(given) - g.rank(x)
    x = g.Unsqueeze(x, list(range(missing))) if missing > 0 else x
    return g.Tile(x, g.shape(*[1] * -missing, *given))


@converts("numpy.Repeat")
def repeat(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.repeat` to Gather, or to Expand and Reshape if the size is unknown."""
    if op.axis is None:
        sizes = g.static_shape(x)
        flat = math.prod(size for size in sizes if size is not None)
        x = g.with_shape(g.Reshape(x, [-1]), [None if None in sizes else flat])
    axis = (op.axis or 0) % g.rank(x)
    if isinstance(op.repeats, ir.Value):
        per_element = g.rank(op.repeats) and g.static_shape(op.repeats)[0] != 1
        return (_repeat_by_counts if per_element else repeat_elements)(
            g, x, op.repeats, axis
        )
    counts = np.atleast_1d(np.asarray(op.repeats, np.int64))
    if counts.size == 1:
        return repeat_elements(g, x, int(counts[0]), axis)
    return g.Gather(x, np.repeat(np.arange(counts.size), counts), axis=axis)


def _repeat_by_counts(
    g: GraphBuilder, x: ir.Value, counts: ir.Value, axis: int
) -> ir.Value:
    """Repeat each element as often as its count.

    The index of the source of a copy is the number of elements whose copies end before
    it.
    """
    ends = g.CumSum(g.cast(counts, "int64"), np.zeros((), np.int64))
    last = reduce(g, "ReduceMax", ends, [0])
    copies = g.Range(np.zeros((), np.int64), last, np.ones((), np.int64))
    ends_before = g.LessOrEqual(ends, g.Unsqueeze(copies, [1]))
    indices = reduce(g, "ReduceSum", g.cast(ends_before, "int64"), [1])
    return g.Gather(x, indices, axis=axis)


def repeat_elements(g: GraphBuilder, x: ir.Value, count: Size, axis: int) -> ir.Value:
    """Repeat each element along an axis: by Gather, or by Expand and Reshape."""
    sizes = g.static_shape(x)
    size = sizes[axis]
    if size is not None and isinstance(count, int):
        indices = np.repeat(np.arange(size), count)
        return g.Gather(x, indices, axis=axis)
    ones: list[Size] = [1] * (len(sizes) + 1)
    copies = g.shape(*ones[: axis + 1], count, *ones[axis + 2 :])
    expanded = g.Expand(g.Unsqueeze(x, [axis + 1]), copies)
    later_sizes = [g.size(x, i) for i in range(axis + 1, len(sizes))]
    shape = [*sizes[:axis], None, *sizes[axis + 1 :]]
    return g.with_shape(
        g.Reshape(expanded, g.shape(*[0] * axis, -1, *later_sizes)), shape
    )
