"""Indexing by position: slices and gathers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.convert.common.indexing import (
    gather_arrays,
    has_arrays,
    parse_key,
)
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.common.slices import END, START
from keras_acts.export.convert.registry import converts


@dataclass
class _BasicIndex:
    """The slices of a basic index, and the elements that it selects, by axis."""

    starts: list[Size] = field(default_factory=list)
    ends: list[Size] = field(default_factory=list)
    axes: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    elements: dict[int, Operand] = field(default_factory=dict)

    def add(self, axis: int, key: slice | Size) -> None:
        """Add a slice or the index of one element for an axis."""
        if not isinstance(key, slice):
            self.elements[axis] = key if isinstance(key, ir.Value) else np.asarray(key)
            return
        step = 1 if key.step is None else int(key.step)
        first, last = (0, END) if step > 0 else (END, START)
        start = first if key.start is None else key.start
        end = last if key.stop is None else key.stop
        if key != slice(None):
            self.starts.append(start)
            self.ends.append(end)
            self.axes.append(axis)
            self.steps.append(step)

    def apply(self, g: GraphBuilder, x: ir.Value) -> ir.Value:
        """Append a Slice for the slices, and a Gather for each element."""
        if self.axes:
            starts, ends = g.shape(*self.starts), g.shape(*self.ends)
            x = g.Slice(x, starts, ends, self.axes, self.steps)
        # The first axis first: it leaves the least to copy, and a stack its parts.
        for before, (axis, index) in enumerate(sorted(self.elements.items())):
            x = g.Gather(x, index, axis=axis - before)
        return x


@converts("numpy.GetItem")
def get_item(g: GraphBuilder, op: Any, x: ir.Value, key: Any) -> ir.Value:
    """Map `x[key]` to Slice, Gather and Unsqueeze, or to GatherND for arrays."""
    keys = list(key) if isinstance(key, tuple | list) else [key]
    if has_arrays(keys):
        parts = parse_key(g, x, keys)
        return gather_arrays(g, get_item(g, op, x, parts.basic), parts)
    index, new_axes, axis, result_axis = _BasicIndex(), list[int](), 0, 0
    indexing = [item for item in keys if item is not None and item is not Ellipsis]
    for item in keys:
        if item is None:
            new_axes.append(result_axis)
            result_axis += 1
        elif item is Ellipsis:
            axis += g.rank(x) - len(indexing)
            result_axis += g.rank(x) - len(indexing)
        else:
            index.add(axis, item)
            axis += 1
            result_axis += isinstance(item, slice)
    result = index.apply(g, x)
    return g.Unsqueeze(result, new_axes) if new_axes else result


@converts("numpy.TakeAlongAxis")
def take_along_axis(
    g: GraphBuilder, op: Any, x: ir.Value, indices: Operand
) -> ir.Value:
    """Map `ops.take_along_axis` to GatherElements; the shape is that of the indices."""
    indices = g.cast(indices, "int64")
    if op.axis is None:
        return g.GatherElements(g.Reshape(x, [-1]), g.Reshape(indices, [-1]), axis=0)
    axis = op.axis % g.rank(x)
    x_shape, indices_shape = g.static_shape(x), g.static_shape(indices)
    same = [
        a == b
        for i, (a, b) in enumerate(zip(x_shape, indices_shape, strict=True))
        if i != axis
    ]
    if not all(same):
        x, indices = (
            _broadcast_except(g, x, indices, axis),
            _broadcast_except(g, indices, x, axis),
        )
    return g.GatherElements(x, indices, axis=axis)


def _broadcast_except(
    g: GraphBuilder, x: ir.Value, other: ir.Value, axis: int
) -> ir.Value:
    """Broadcast a tensor to the shape of another, except for one axis."""
    sizes = [1 if i == axis else g.size(other, i) for i in range(g.rank(other))]
    return g.Expand(x, g.shape(*sizes))


@converts("numpy.Take")
def take(g: GraphBuilder, op: Any, x: Operand, indices: Operand) -> ir.Value:
    """Map `ops.take` to Gather; the axis becomes the axes of the indices."""
    (source,) = promoted(g, x)
    narrow = isinstance(indices, ir.Value) and indices.dtype == ir.DataType.INT32
    indices = g.cast(indices, "int32" if narrow else "int64")
    if op.axis is None:
        return g.Gather(g.Reshape(source, [-1]), indices, axis=0)
    return g.Gather(source, indices, axis=op.axis % g.rank(source))
