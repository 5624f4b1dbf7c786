"""Parts of tensors by position: slices and gathers."""

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
class _Window:
    """What an index takes of a tensor: slices of axes, and elements in their place."""

    starts: list[Size] = field(default_factory=list)
    ends: list[Size] = field(default_factory=list)
    axes: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    elements: dict[int, Operand] = field(default_factory=dict)

    def take(self, axis: int, key: slice | Size) -> None:
        """Take a slice or one element of an axis."""
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

    def of(self, g: GraphBuilder, x: ir.Value) -> ir.Value:
        """Append the operators that take it."""
        if self.axes:
            starts, ends = g.shape(*self.starts), g.shape(*self.ends)
            x = g.Slice(x, starts, ends, self.axes, self.steps)
        for axis, index in sorted(self.elements.items(), reverse=True):
            x = g.Gather(x, index, axis=axis)
        return x


@converts("numpy.GetItem")
def get_item(g: GraphBuilder, op: Any, x: ir.Value, key: Any) -> ir.Value:
    keys = list(key) if isinstance(key, tuple | list) else [key]
    if has_arrays(keys):
        parts = parse_key(g, x, keys)
        return gather_arrays(g, get_item(g, op, x, parts.basic), parts)
    window, added, axis, place = _Window(), list[int](), 0, 0
    taken = [one for one in keys if one is not None and one is not Ellipsis]
    for one in keys:
        if one is None:
            added.append(place)
            place += 1
        elif one is Ellipsis:
            axis += g.rank(x) - len(taken)
            place += g.rank(x) - len(taken)
        else:
            window.take(axis, one)
            axis += 1
            place += isinstance(one, slice)
    result = window.of(g, x)
    return g.Unsqueeze(result, added) if added else result


@converts("numpy.TakeAlongAxis")
def take_along_axis(
    g: GraphBuilder, op: Any, x: ir.Value, indices: Operand
) -> ir.Value:
    places = g.cast(indices, "int64")
    if op.axis is None:
        return g.GatherElements(g.Reshape(x, [-1]), g.Reshape(places, [-1]), axis=0)
    axis = op.axis % g.rank(x)
    of_x, of_places = g.static_shape(x), g.static_shape(places)
    alike = [
        a == b
        for i, (a, b) in enumerate(zip(of_x, of_places, strict=True))
        if i != axis
    ]
    if not all(alike):
        x, places = (
            _broadcast_but(g, x, places, axis),
            _broadcast_but(g, places, x, axis),
        )
    return g.GatherElements(x, places, axis=axis)


def _broadcast_but(
    g: GraphBuilder, x: ir.Value, other: ir.Value, axis: int
) -> ir.Value:
    """Broadcast a tensor to the sizes of another, but for one axis."""
    sizes = [1 if i == axis else g.size(other, i) for i in range(g.rank(other))]
    return g.Expand(x, g.shape(*sizes))


@converts("numpy.Take")
def take(g: GraphBuilder, op: Any, x: Operand, indices: Operand) -> ir.Value:
    (source,) = promoted(g, x)
    narrow = isinstance(indices, ir.Value) and indices.dtype == ir.DataType.INT32
    places = g.cast(indices, "int32" if narrow else "int64")
    if op.axis is None:
        return g.Gather(g.Reshape(source, [-1]), places, axis=0)
    return g.Gather(source, places, axis=op.axis % g.rank(source))
