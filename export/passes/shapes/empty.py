"""Let a Reshape take tensors without elements: empty batches, empty sequences.

In the shape of a Reshape 0 copies a size and -1 is what the others leave, which is not
defined if one of them is 0. Rules, for each Reshape:

1. -1 beside sizes that may be 0 is replaced: by the number if the sizes that it stands
   for are known, else by their product. They are those of the input without the sizes
   that are copied, or that have the same name on both sides;
2. where the shape is computed, its zeros are meant: 0 that copies is replaced by the
   size, and `allowzero` is set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import graph_of
from keras_acts.export.passes.weights import constant

SIZES = "sizes"
"""Part of the names of the nodes that compute the shape of a Reshape."""

_SIZES = {"Add", "Div", "Max", "Min", "Mul", "ReduceProd", "Shape", "Size", "Sub"}
"""Operators whose results are sizes, and no -1 that is meant as the rest."""

_VIEWS = {"Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze"}

_REST = -1
_COPY = 0


class KeepEmptyPass(InPlacePass):
    """Rewrite the shapes of Reshape so that sizes may be 0 (rules 1 and 2)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each Reshape."""
        modified = False
        for node in list(model.graph.all_nodes()):
            if node.op_type == "Reshape" and node.domain == "":
                modified |= _Reshape(model.graph, node).rewrite()
        return PassResult(model, modified)


@dataclass(frozen=True)
class _Computed:
    """A size that is computed: an element of a vector, or one by itself."""

    value: ir.Value
    index: int = 0


Entry = int | _Computed


class _Reshape:
    """One Reshape, and the nodes put before it."""

    def __init__(self, weights: ir.Graph, node: ir.Node) -> None:
        self._weights = weights
        self._node = node
        self._count = 0

    def rewrite(self) -> bool:
        """Apply the rules; return whether the shape changed."""
        x, shape = self._node.inputs[:2]
        allowed = self._node.attributes.get("allowzero")
        if x is None or shape is None or x.shape is None:
            return False
        if allowed is not None and allowed.as_int():
            return False
        entries = _entries(shape)
        if entries is None:
            return False
        is_computed = any(isinstance(one, _Computed) for one in entries)
        if _REST in entries and (is_computed or _COPY in entries):
            rest = self._rest(x, entries)
            is_computed |= isinstance(rest, _Computed)
            if isinstance(rest, int):
                self._declare(entries.index(_REST), rest)
            entries = [rest if one == _REST else one for one in entries]
        elif not is_computed:
            return False
        if is_computed:
            sizes = [
                self._size(x, axis) if one == _COPY else one
                for axis, one in enumerate(entries)
            ]
            entries = sizes
            self._node.attributes.add(ir.AttrInt64("allowzero", 1))
        self._node.replace_input_with(1, self._vector(entries, shape))
        return True

    def _declare(self, axis: int, size: int) -> None:
        """Note a size of the result that is known now."""
        result = self._node.outputs[0]
        if result.shape is not None:
            sizes = list(result.shape)
            sizes[axis] = size
            result.shape = ir.Shape(sizes)

    def _rest(self, x: ir.Value, entries: Sequence[Entry]) -> Entry:
        """Return the size that -1 stands for (rule 1)."""
        assert x.shape is not None
        left = dict(enumerate(x.shape))
        named = self._node.outputs[0].shape
        others: list[ir.Value] = []
        known = 1
        for axis, one in enumerate(entries):
            if one == _COPY:
                left.pop(axis, None)
            elif isinstance(one, _Computed):
                name = None if named is None else _name(named[axis])
                same = [a for a, size in left.items() if name and _name(size) == name]
                if same:
                    left.pop(same[0])
                else:
                    others.append(self._element(one))
            elif one != _REST:
                known *= one
        unknown = [axis for axis, size in left.items() if not isinstance(size, int)]
        product = math.prod(size for size in left.values() if isinstance(size, int))
        if not unknown and not others:
            return product // known
        return self._quotient(x, unknown, product, others, known)

    def _quotient(
        self,
        x: ir.Value,
        axes: Sequence[int],
        product: int,
        others: Sequence[ir.Value],
        known: int,
    ) -> Entry:
        """Return the product of sizes, divided by that of others, at least by 1."""
        factor = math.gcd(product, known)
        product, known = product // factor, known // factor
        sizes = [self._size(x, axis).value for axis in axes]
        above = self._times(sizes, product)
        if not others and known == 1:
            return _Computed(above)
        below = self._times(others, known)
        if others:
            below = self._append("Max", [below, self._number([1])])
        return _Computed(self._append("Div", [above, below]))

    def _times(self, values: Sequence[ir.Value], number: int) -> ir.Value:
        """Return the product of vectors of one size each, and of a number."""
        if not values:
            return self._number([number])
        result = values[0]
        for value in values[1:]:
            result = self._append("Mul", [result, value])
        if number == 1:
            return result
        return self._append("Mul", [result, self._number([number])])

    def _element(self, one: _Computed) -> ir.Value:
        """Return a computed size as a vector of its own."""
        if _length(one.value) == 1:
            return one.value
        return self._append("Gather", [one.value, self._number([one.index])])

    def _size(self, x: ir.Value, axis: int) -> _Computed:
        ends = [ir.AttrInt64("start", axis), ir.AttrInt64("end", axis + 1)]
        return _Computed(self._append("Shape", [x], ends))

    def _vector(self, entries: Sequence[Entry], shape: ir.Value) -> ir.Value:
        """Return the vector of sizes; the present one if they are its own parts."""
        if all(isinstance(one, int) for one in entries):
            return self._number([one for one in entries if isinstance(one, int)])
        own = _entries(shape)
        if own == list(entries):
            return shape
        parts: list[ir.Value] = []
        rest = list(entries)
        while rest:
            one = rest[0]
            value = one.value if isinstance(one, _Computed) else self._number([one])
            parts.append(value)
            del rest[: _length(value)]
        if len(parts) == 1:
            return parts[0]
        return self._append("Concat", parts, [ir.AttrInt64("axis", 0)], len(entries))

    def _number(self, sizes: Sequence[int]) -> ir.Value:
        self._count += 1
        name = f"{self._node.name}/{SIZES}/constant_{self._count}"
        return constant(self._weights, np.asarray(sizes, np.int64), name)

    def _append(
        self,
        op_type: str,
        inputs: Sequence[ir.Value],
        attributes: Sequence[ir.Attr] = (),
        length: int = 1,
    ) -> ir.Value:
        """Put a node before the Reshape that computes a vector of sizes."""
        self._count += 1
        name = f"{self._node.name}/{SIZES}/{op_type}_{self._count}"
        node = ir.Node("", op_type, inputs, attributes, name=name)
        value = node.outputs[0]
        value.name = name
        value.type = ir.TensorType(ir.DataType.INT64)
        value.shape = ir.Shape([length])
        graph_of(self._node).insert_before(self._node, node)
        return value


def _entries(shape: ir.Value) -> list[Entry] | None:
    """Return the sizes in a shape; None if some may be no size of a tensor.

    Each size of a vector that is read at once is that vector.
    """
    node = shape.producer()
    source = shape
    while node is not None and node.op_type in _VIEWS and node.inputs[0] is not None:
        source = node.inputs[0]
        node = source.producer()
    known = ir.convenience.get_const_tensor(source)
    if known is not None:
        return [int(n) for n in known.numpy().reshape(-1)]
    node = shape.producer()
    if node is not None and node.op_type == "Concat":
        parts = [_entries(x) for x in node.inputs if x is not None]
        if any(part is None for part in parts):
            return None
        return [one for part in parts for one in part or ()]
    length = None if shape.shape is None or len(shape.shape) != 1 else shape.shape[0]
    if not isinstance(length, int) or not _reads_sizes(shape):
        return None
    return [_Computed(shape, i) for i in range(length)]


def _reads_sizes(x: ir.Value) -> bool:
    """Whether a value is computed from sizes of tensors, or by arithmetic."""
    waiting, seen = [x], set[ir.Value]()
    while waiting:
        one = waiting.pop()
        node = one.producer()
        if node is None or one in seen:
            continue
        if node.op_type in _SIZES:
            return True
        seen.add(one)
        waiting += [value for value in node.inputs if value is not None]
    return False


def _length(vector: ir.Value) -> int:
    length = 1 if vector.shape is None else vector.shape[0]
    return length if isinstance(length, int) else 1


def _name(size: int | ir.SymbolicDim) -> str | None:
    return size.value if isinstance(size, ir.SymbolicDim) else None
