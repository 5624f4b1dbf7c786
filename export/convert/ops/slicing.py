"""Parts of tensors by position: slices, gathers, and updates of parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.ops.arithmetic import promoted
from keras_acts.export.convert.ops.indexing import apart, gathered, has_arrays
from keras_acts.export.convert.registry import converts

Size = int | ir.Value

_END = np.iinfo(np.int64).max
_START = np.iinfo(np.int64).min


Index = int | ir.Value


@dataclass
class _Window:
    """What an index takes of a tensor: slices of axes, and elements in their place."""

    starts: list[Index] = field(default_factory=list)
    ends: list[Index] = field(default_factory=list)
    axes: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    elements: dict[int, Operand] = field(default_factory=dict)

    def take(self, axis: int, key: slice | Index) -> None:
        """Take a slice or one element of an axis."""
        if not isinstance(key, slice):
            self.elements[axis] = key if isinstance(key, ir.Value) else np.asarray(key)
            return
        step = 1 if key.step is None else int(key.step)
        first, last = (0, _END) if step > 0 else (_END, _START)
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
        parts = apart(g, x, keys)
        return gathered(g, get_item(g, op, x, parts.basic), parts)
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


@converts("core.Slice")
def slice_(g: GraphBuilder, op: Any, inputs: Operand, start_indices: Any) -> ir.Value:
    (x,) = promoted(g, inputs)
    starts = _starts(g, start_indices)
    # A size of -1 reaches to the end, which is far beyond any start.
    sizes = g.shape(*(2**62 if _is(size, -1) else size for size in op.shape))
    return g.Slice(x, starts, g.Add(starts, sizes), list(range(len(op.shape))))


def _is(size: Index, number: int) -> bool:
    return isinstance(size, int) and size == number


def _starts(g: GraphBuilder, indices: Any) -> ir.Value:
    """Return indices, of which some may be numbers, as one int64 tensor."""
    if isinstance(indices, list | tuple):
        return g.shape(*indices)
    return g.cast(indices, "int64")


@converts("core.SliceUpdate")
def slice_update(
    g: GraphBuilder, op: Any, inputs: Operand, start_indices: Any, updates: Operand
) -> ir.Value:
    x, new = promoted(g, inputs, updates)
    before = _starts(g, start_indices)
    after = g.Sub(g.Sub(g.Shape(x), before), g.Shape(new))
    pads = g.Concat(before, after, axis=0)
    inside = g.Pad(g.Expand(g.cast(True, "bool"), g.Shape(new)), pads)
    return g.Where(inside, g.Pad(new, pads), x)


@converts("core.Scatter")
def scatter(g: GraphBuilder, op: Any, indices: Operand, values: Operand) -> ir.Value:
    (new,) = promoted(g, values)
    zeros = g.constant(np.zeros(op.shape, new.dtype.numpy()))  # type: ignore[union-attr]
    return g.ScatterND(zeros, g.cast(indices, "int64"), new, reduction="add")


@converts("core.ScatterUpdate")
def scatter_update(
    g: GraphBuilder, op: Any, inputs: Operand, indices: Operand, updates: Operand
) -> ir.Value:
    x, new = promoted(g, inputs, updates)
    return g.ScatterND(x, g.cast(indices, "int64"), new, reduction=op.reduction)


@converts("math.TopK")
def top_k(g: GraphBuilder, op: Any, x: ir.Value) -> Sequence[ir.Value]:
    """Sorted in any case, as the backends do it: no rule says another order."""
    values: Sequence[ir.Value] = g.TopK(x, [int(op.k)], outputs=2)
    return values


def _sorted(g: GraphBuilder, op: Any, x: ir.Value) -> Sequence[ir.Value]:
    """Return elements in rising order along an axis, and where they were."""
    if op.axis is None:
        x = g.with_shape(g.Reshape(x, [-1]), [None])
    axis = (-1 if op.axis is None else op.axis) % g.rank(x)
    return g.TopK(x, g.size(x, axis), outputs=2, axis=axis, largest=0)


@converts("numpy.Sort")
def sort(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return _sorted(g, op, x)[0]


@converts("numpy.Argsort")
def argsort(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return _sorted(g, op, x)[1]


@converts("nn.OneHot")
def one_hot(g: GraphBuilder, op: Any, x: Operand) -> ir.Value:
    """Compare with each class, so that an index out of range gives zeros."""
    places = x if isinstance(x, ir.Value) else g.cast(x, "int64")
    rank = g.rank(places)
    axis = op.axis % (rank + 1)
    classes = _classes(g, op.num_classes, [-1] + [1] * (rank - axis))
    here = g.Equal(g.Unsqueeze(places, [axis]), g.cast(classes, places.dtype))  # type: ignore[arg-type]
    return g.cast(here, g.spec.dtype)


def _classes(g: GraphBuilder, count: Size, shape: Sequence[int]) -> Operand:
    if not isinstance(count, ir.Value):
        return np.arange(count).reshape(shape)
    end = g.Squeeze(g.shape(count), [0])
    return g.Reshape(g.Range(0, end, 1), list(shape))


@converts("numpy.Take")
def take(g: GraphBuilder, op: Any, x: Operand, indices: Operand) -> ir.Value:
    (source,) = promoted(g, x)
    narrow = isinstance(indices, ir.Value) and indices.dtype == ir.DataType.INT32
    places = g.cast(indices, "int32" if narrow else "int64")
    if op.axis is None:
        return g.Gather(g.Reshape(source, [-1]), places, axis=0)
    return g.Gather(source, places, axis=op.axis % g.rank(source))
