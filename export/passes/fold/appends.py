"""Append to a tensor, rather than make room behind it and write into that.

`ops.slice_update` of a tensor with room at its end is, by its converter,

    Where(inside, Pad(new, before, after), Concat(past, room))

Rules, if `new` begins where `past` ends, and is as large as `past` on all other axes;
sizes are equal if they are the same number or have the same name:

1. it is `Concat(past, new, rest)`; the rest is the room behind `new`, which is left out
   where `new` is known to fill the room;
2. a size that is read from the tensor with room is that of `past`, and along the axis
   the sum of those of `past` and `room`; so the room is not made just to be measured;
3. a size that is read from a scalar that was expanded is the one it was expanded to.

A cache of keys and values is then copied once in each step, not four times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import graph_of, kind
from keras_acts.export.passes.shapes.symbols import SizeNames
from keras_acts.export.passes.weights import constant

Size = int | ir.SymbolicDim


class AppendPass(InPlacePass):
    """Append to tensors (rules 1 to 3), after shape inference."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules once to each Where, in graph order.

        The sizes of one's result are known once it is a Concat, and name those of what
        is computed of it, up to the next.
        """
        modified, names = False, SizeNames()
        for node in list(model.graph):
            names.visit(node)
            if kind(node) == "Where" and (update := _update(node)) is not None:
                for axis, size in enumerate(_sizes(update.past)):
                    if axis != update.axis:
                        names.equal(_sizes(node.outputs[0])[axis], size)
                names.visit(node)
                _append(node, update)
                modified = True
        return PassResult(model, modified)


@dataclass(frozen=True)
class _Update:
    """Where a tensor with room at its end is written to."""

    past: ir.Value
    room: ir.Value
    new: ir.Value
    axis: int

    @property
    def fits(self) -> bool:
        """Whether the new part is as large as the past on all other axes."""
        past, new = _sizes(self.past), _sizes(self.new)
        return 0 < len(new) == len(past) and all(
            i == self.axis or _is_same(*pair)
            for i, pair in enumerate(zip(new, past, strict=True))
        )

    @property
    def fills(self) -> bool:
        """Whether the new part is known to be as large as the room."""
        room, new = _sizes(self.room), _sizes(self.new)
        return len(room) == len(new) and _is_same(room[self.axis], new[self.axis])


def _update(where: ir.Node) -> _Update | None:
    """Return what a Where writes behind a tensor, None if it does anything else."""
    inside, padded, whole = where.inputs
    mask, pad, join = (
        _producer(x, k)
        for x, k in zip((inside, padded, whole), ("Pad", "Pad", "Concat"), strict=True)
    )
    if mask is None or pad is None or join is None or len(join.inputs) != 2:
        return None
    new, pads = pad.inputs[0], pad.inputs[1]
    (past, room), axis = join.inputs, join.attributes["axis"].as_int()
    if new is None or past is None or room is None or axis < 0:
        return None
    if pads is None or mask.inputs[1] is not pads or not _marks(mask.inputs[0], new):
        return None
    update = _Update(past, room, new, axis)
    begins = _begins_after(pads, update, whole)
    return update if begins and update.fits else None


def _marks(inside: ir.Value | None, new: ir.Value) -> bool:
    """Whether a value is true, in the shape of what is written."""
    expand = _producer(inside, "Expand")
    if (
        expand is None
        or expand.inputs[0] is None
        or expand.inputs[0].const_value is None
    ):
        return False
    shape = _producer(expand.inputs[1], "Shape")
    true = bool(np.all(expand.inputs[0].const_value.numpy()))
    return true and shape is not None and shape.inputs[0] is new


def _begins_after(pads: ir.Value, update: _Update, whole: ir.Value | None) -> bool:
    """Whether widths are the size of the past in front, and all that is left behind."""
    both = _producer(pads, "Concat")
    if both is None or len(both.inputs) != 2:
        return False
    before, after = both.inputs
    rest = _producer(after, "Sub")
    outer = None if rest is None else _producer(rest.inputs[0], "Sub")
    if rest is None or outer is None or outer.inputs[1] is not before:
        return False
    if not _measures(outer.inputs[0], whole) or not _measures(
        rest.inputs[1], update.new
    ):
        return False
    starts = _producer(before, "Concat")
    rank = len(_sizes(update.past))
    if starts is None or len(starts.inputs) != rank:
        return False
    return all(
        _is_size_of(x, update.past, i) if i == update.axis else _is_zero(x)
        for i, x in enumerate(starts.inputs)
    )


def _measures(shape: ir.Value | None, x: ir.Value | None) -> bool:
    node = _producer(shape, "Shape")
    return node is not None and node.inputs[0] is x and not node.attributes


def _is_size_of(read: ir.Value | None, x: ir.Value, axis: int) -> bool:
    """Whether a value is the size of a tensor, wherever it was read."""
    node = _producer(read, "Shape")
    if node is None or node.inputs[0] is None:
        return False
    place = _single(node)
    sizes = _sizes(node.inputs[0])
    known = place is not None and place < len(sizes)
    return known and _is_same(sizes[place or 0], _sizes(x)[axis])


def _is_zero(x: ir.Value | None) -> bool:
    known = None if x is None else x.const_value
    return known is not None and known.size == 1 and not np.any(known.numpy())


def _append(where: ir.Node, update: _Update) -> None:
    """Write the rest behind the past (rule 1), and measure that (rules 2 and 3)."""
    graph = graph_of(where)
    whole = where.inputs[2]
    result = where.outputs[0]
    parts = [update.past, update.new]
    if not update.fills:
        parts.append(_rest(where, update))
    joined = ir.node("Concat", parts, {"axis": update.axis}, name=where.name)
    made = joined.outputs[0]
    made.type, made.shape = result.type, result.shape
    graph.insert_before(where, joined)
    made.name, result.name = result.name, f"{result.name}/with_room"
    ir.convenience.replace_all_uses_with(result, made, replace_graph_outputs=True)
    graph.remove(where, safe=True)
    for use in list(whole.uses()) if whole is not None else ():
        _measure_parts(use.node, update)


def _rest(where: ir.Node, update: _Update) -> ir.Value:
    """Return the room behind the new part."""
    graph, name, axis = graph_of(where), where.outputs[0].name, update.axis
    read = ir.node("Shape", [update.new], {"start": axis, "end": axis + 1})
    start = read.outputs[0]
    start.name, start.type = f"{name}/start", ir.TensorType(ir.DataType.INT64)
    start.shape = ir.Shape([1])
    end, along = (
        constant(graph, np.asarray([number], np.int64), f"{name}/{key}")
        for key, number in (("end", np.iinfo(np.int64).max), ("axes", axis))
    )
    cut = ir.node("Slice", [update.room, start, end, along])
    rest = cut.outputs[0]
    rest.name, rest.type = f"{name}/rest", update.room.type
    for node in (read, cut):
        node.name = f"{where.name}/{node.op_type}"
        graph.insert_before(where, node)
    return rest


def _measure_parts(shape: ir.Node, update: _Update) -> None:
    """Rule 2: read a size of the tensor with room from its parts."""
    axis = _single(shape)
    if kind(shape) != "Shape" or axis is None:
        return
    if axis != update.axis:
        shape.replace_input_with(0, update.past)
        return
    graph, result = graph_of(shape), shape.outputs[0]
    sizes = []
    for part in (update.past, update.room):
        known = _expanded_size(part, axis)
        if known is None:
            read = ir.node("Shape", [part], {"start": axis, "end": axis + 1})
            known = read.outputs[0]
            known.name = read.name = f"{result.name}/{part.name}"
            known.type, known.shape = result.type, result.shape
            graph.insert_before(shape, read)
        sizes.append(known)
    total = ir.node("Add", sizes, name=shape.name)
    made = total.outputs[0]
    made.type, made.shape = result.type, result.shape
    graph.insert_before(shape, total)
    made.name, result.name = result.name, f"{result.name}/with_room"
    ir.convenience.replace_all_uses_with(result, made, replace_graph_outputs=True)
    graph.remove(shape, safe=True)


def _expanded_size(x: ir.Value, axis: int) -> ir.Value | None:
    """Rule 3: return the size to which a scalar was expanded."""
    expand = _producer(x, "Expand")
    if expand is None or len(_sizes(expand.inputs[0])) or expand.inputs[0] is None:
        return None
    sizes = _producer(expand.inputs[1], "Concat")
    if sizes is None or len(sizes.inputs) != len(_sizes(x)):
        return None
    return sizes.inputs[axis]


def _single(shape: ir.Node) -> int | None:
    """Return the axis whose size alone a Shape reads, None if it reads others too."""
    start, end = (shape.attributes.get(name) for name in ("start", "end"))
    if start is None or end is None or end.as_int() != start.as_int() + 1:
        return None
    return start.as_int()


def _producer(x: ir.Value | None, wanted: str) -> ir.Node | None:
    node = None if x is None else x.producer()
    return node if node is not None and kind(node) == wanted else None


def _sizes(x: ir.Value | None) -> list[Size]:
    return [] if x is None or x.shape is None else list(x.shape)


def _is_same(one: Size, other: Size) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        return one == other
    return one.value is not None and one.value == other.value
