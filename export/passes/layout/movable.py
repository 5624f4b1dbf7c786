"""Layout-agnostic operators, and how each is rewritten when axes are permuted.

Throughout, `permutation` is that of the Transpose before the operator: axis i of the
operator's input is axis `permutation[i]` of the Transpose's input, which the operator
reads once it has moved before the Transpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from keras_acts.export.passes.nodes import kind
from keras_acts.export.passes.weights import (
    Array,
    WeightForm,
    sizes,
    store_weight,
    tensor_of,
)

Permutation = Sequence[int]
Rewrite = Callable[[ir.Graph, ir.Node, Permutation], None]

ELEMENTWISE = frozenset(
    (
        *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil"),
        *("Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu"),
        *("HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log"),
        *("Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink"),
        *("Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish"),
        *("Tan", "Tanh", "ThresholdedRelu"),
    )
)
BROADCASTING = frozenset(
    (
        *("Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less"),
        *("LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow"),
        *("Sub", "Sum", "Where", "Xor"),
    )
)

_SLICED_AXES = 3
"""The index of the axes among the inputs of a Slice."""


def data_inputs(node: ir.Node) -> list[int]:
    """Return the indices of the inputs whose axes are those of the result."""
    if kind(node) in BROADCASTING or kind(node) == "Concat":
        return [i for i, x in enumerate(node.inputs) if x is not None]
    return [0]


def is_movable(node: ir.Node) -> bool:
    """Whether an operator after a Transpose can run before it."""
    op_type = kind(node)
    if op_type.startswith("Reduce"):
        return keeps_axes(node) and reduced_axes(node) is not None
    if op_type == "Slice":
        axes = node.inputs[_SLICED_AXES] if len(node.inputs) > _SLICED_AXES else None
        return axes is not None and axes.const_value is not None
    if op_type == "Pad":
        pads = node.inputs[1]
        known = pads is not None and pads.const_value is not None
        return known and len(node.inputs) < 4
    return op_type in ELEMENTWISE | BROADCASTING | {"Concat", "LogSoftmax", "Softmax"}


def is_layout_invariant(node: ir.Node, permutation: Permutation) -> bool:
    """Whether an operator gives the same result before the Transpose as after it."""
    if kind(node) == "Shape":
        return _single_axis(node) is not None
    if not kind(node).startswith("Reduce") or keeps_axes(node):
        return False
    axes = reduced_axes(node)
    rank = len(permutation)
    if axes is None:
        return False
    reduced = {axis % rank for axis in axes}
    remaining = [permutation[axis] for axis in range(rank) if axis not in reduced]
    return remaining == sorted(remaining)


def move(graph: ir.Graph, node: ir.Node, permutation: Permutation) -> None:
    """Rewrite a movable or layout-invariant node for the axes before the Transpose."""
    reduces = kind(node).startswith("Reduce")
    rewrite = _move_reduction if reduces else _REWRITES.get(kind(node))
    if rewrite is not None:
        rewrite(graph, node, permutation)


def permuted_weight(
    graph: ir.Graph, weight: ir.Value, permutation: Permutation, name: str
) -> ir.Value:
    """Return a weight that broadcasts before the Transpose as it does after it."""
    own_shape = sizes(tensor_of(weight))
    if not own_shape or max(own_shape) == 1:
        return weight
    shape = (1,) * (len(permutation) - len(own_shape)) + own_shape
    inverse = [list(permutation).index(axis) for axis in range(len(permutation))]

    def change(x: Array) -> Array:
        return x.reshape(shape).transpose(inverse)

    form = WeightForm(change, tuple(shape[i] for i in inverse), tensor_of(weight).dtype)
    return store_weight(graph, weight, form, name)


def keeps_axes(node: ir.Node) -> bool:
    """Whether a reduction keeps the reduced axes with size 1."""
    keepdims = node.attributes.get("keepdims")
    return keepdims is None or keepdims.as_int() == 1


def reduced_axes(node: ir.Node) -> list[int] | None:
    """Return the axes of a reduction, None if they are unknown or all."""
    if "axes" in node.attributes:
        return list(node.attributes["axes"].as_ints())
    axes = node.inputs[1] if len(node.inputs) > 1 else None
    if axes is None or axes.const_value is None:
        return None
    return [int(axis) for axis in axes.const_value.numpy()]


def _single_axis(node: ir.Node) -> int | None:
    """Return the axis of a Shape that reads a single size."""
    if "start" not in node.attributes or "end" not in node.attributes:
        return None
    start, end = (node.attributes[name].as_int() for name in ("start", "end"))
    return start if start >= 0 and end == start + 1 else None


def _move_reduction(graph: ir.Graph, node: ir.Node, permutation: Permutation) -> None:
    """Map the axes of a reduction through the permutation."""
    axes = [permutation[axis] for axis in reduced_axes(node) or ()]
    if "axes" in node.attributes:
        node.attributes["axes"] = ir.AttrInt64s("axes", axes)
    else:
        _replace_constant(graph, node, 1, np.asarray(axes, np.int64))


def _move_axis(_graph: ir.Graph, node: ir.Node, permutation: Permutation) -> None:
    """Map the `axis` of Concat, Softmax or LogSoftmax through the permutation."""
    given = node.attributes.get("axis")
    axis = permutation[-1 if given is None else given.as_int()]
    node.attributes["axis"] = ir.AttrInt64("axis", axis)


def _move_pads(graph: ir.Graph, node: ir.Node, permutation: Permutation) -> None:
    """Permute the widths of a Pad."""
    pads = node.inputs[1]
    if pads is None:
        return
    old = tensor_of(pads).numpy().reshape(2, -1)
    new = np.empty_like(old)
    new[:, list(permutation)] = old
    _replace_constant(graph, node, 1, new.reshape(-1))


def _move_slice(graph: ir.Graph, node: ir.Node, permutation: Permutation) -> None:
    """Map the axes of a Slice through the permutation."""
    axes = node.inputs[_SLICED_AXES]
    if axes is None:
        return
    rank = len(permutation)
    moved = [permutation[int(axis) % rank] for axis in tensor_of(axes).numpy()]
    _replace_constant(graph, node, _SLICED_AXES, np.asarray(moved, np.int64))


def _move_shape(_graph: ir.Graph, node: ir.Node, permutation: Permutation) -> None:
    """Map the axis that a Shape reads through the permutation."""
    axis = permutation[_single_axis(node) or 0]
    node.attributes["start"] = ir.AttrInt64("start", axis)
    node.attributes["end"] = ir.AttrInt64("end", axis + 1)


def _replace_constant(
    graph: ir.Graph, node: ir.Node, position: int, array: Array
) -> None:
    old = node.inputs[position]
    if old is None:
        return
    form = WeightForm(lambda _: array, array.shape, tensor_of(old).dtype)
    new = store_weight(graph, old, form, f"{node.name}/{position}")
    node.replace_input_with(position, new)


_REWRITES: dict[str, Rewrite] = {
    "Concat": _move_axis,
    "LogSoftmax": _move_axis,
    "Pad": _move_pads,
    "Shape": _move_shape,
    "Slice": _move_slice,
    "Softmax": _move_axis,
}
