"""Fold constant factors before a convolution into its kernel.

Models often scale and normalize images.

Rule 1, for a chain of Mul, Div, Add and Sub by constants (scalars or one number per
channel) before a Conv with a constant float32 kernel, optionally with a Transpose
between them: written as y = (x - shift) · factor, the factors go into the kernel, and a
single Sub remains, or none. The convolution pads with 0 before and after. A chain with
a factor of 0 or a shift that overflows is left as it is, and so is a kernel that
another convolution also reads.

The constants are combined in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import (
    graph_of,
    has_single_use,
    kind,
    permutation,
    remove,
)
from keras_acts.export.passes.weights import (
    Array,
    WeightForm,
    constant,
    sizes,
    store_weight,
    tensor_of,
)


class FoldScalesPass(InPlacePass):
    """Fold the scaling of an image into Conv (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each Conv, in graph order."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) == "Conv":
                chain = _chain_before(node)
                modified |= chain is not None and _fold(model.graph, node, chain)
        return PassResult(model, modified)


@dataclass(frozen=True)
class _Chain:
    """Operators by constants, each the only reader of the one before.

    Attributes:
        nodes: The operators, from first to last.
        channels: The channel axis, counted from the end: -1, or that of Conv.
        reader: The node that reads the last of them.
    """

    nodes: Sequence[ir.Node]
    channels: int
    reader: ir.Node


def _chain_before(convolution: ir.Node) -> _Chain | None:
    kernel = convolution.inputs[1]
    if kernel is None or kernel.const_value is None or not has_single_use(kernel):
        return None
    rank = len(tensor_of(kernel).shape)
    reader, channels = convolution, 1 - rank
    x = convolution.inputs[0]
    before = None if x is None or not has_single_use(x) else x.producer()
    if before is not None and kind(before) == "Transpose":
        axes = permutation(before)
        if axes is None or axes[1] != rank - 1:
            return None
        reader, channels, x = before, -1, before.inputs[0]
    nodes: list[ir.Node] = []
    while x is not None and has_single_use(x) and x.dtype == ir.DataType.FLOAT:
        node = x.producer()
        i = None if node is None else _variable_input(node, channels, rank)
        if node is None or i is None or node.graph is not convolution.graph:
            break
        nodes.insert(0, node)
        x = node.inputs[i]
    scales = any(kind(node) in ("Mul", "Div") for node in nodes)
    return _Chain(nodes, channels, reader) if scales else None


def _variable_input(node: ir.Node, channels: int, rank: int) -> int | None:
    """Return the index of the input that isn't constant; None for other operators."""
    if kind(node) not in ("Add", "Div", "Mul", "Sub"):
        return None
    for i, other in ((0, node.inputs[1]), (1, node.inputs[0])):
        x = node.inputs[i]
        if other is None or other.const_value is None:
            continue
        if x is None or x.const_value is not None:
            return None
        shape = sizes(tensor_of(other))
        aligned = (1,) * (rank - len(shape)) + shape
        per_channel = all(
            n == 1 for axis, n in enumerate(aligned) if axis != rank + channels
        )
        divides = kind(node) == "Div" and i == 1
        return i if len(aligned) == rank and per_channel and not divides else None
    return None


def _fold(graph: ir.Graph, convolution: ir.Node, chain: _Chain) -> bool:
    factor, offset = _combined(chain)
    if len(factor) > 1 and not _has_channels(chain, len(factor)):
        return False  # the constants broadcast the image
    with np.errstate(all="ignore"):
        shift = (-offset / factor).astype(np.float32)
        single = factor.astype(np.float32)
    if not np.isfinite(shift).all() or not np.isfinite(single).all():
        return False
    kernel = convolution.inputs[1]
    assert kernel is not None  # `_chain_before` checked it
    shape = sizes(tensor_of(kernel))
    if len(factor) not in (1, shape[1] * _groups(convolution)) or not single.all():
        return False
    by_input = _by_input(factor, shape, _groups(convolution))
    change = WeightForm(
        lambda w: np.asarray(w * by_input, np.float32), shape, ir.DataType.FLOAT
    )
    name = f"{convolution.name}/scaled"
    convolution.replace_input_with(1, store_weight(graph, kernel, change, name))
    _replace_chain(graph, chain, shift)
    return True


def _has_channels(chain: _Chain, count: int) -> bool:
    """Whether the first operator of a chain reads that many channels."""
    x = _variable(chain.nodes[0])
    return x.shape is not None and x.shape[chain.channels] == count


def _variable(node: ir.Node) -> ir.Value:
    """Return the operand of a chain's operator that isn't constant."""
    return next(x for x in node.inputs if x is not None and x.const_value is None)


def _combined(chain: _Chain) -> tuple[Array, Array]:
    """Return the factor and offset of a chain in float64, scalars or per channel."""
    factor, offset = np.ones(1), np.zeros(1)
    for node in chain.nodes:
        left = node.inputs[0]
        assert left is not None
        i = 1 if left.const_value is None else 0
        other = node.inputs[i]
        assert other is not None
        value = tensor_of(other).numpy().astype(np.float64).reshape(-1)
        if kind(node) == "Sub" and i == 0:
            factor, offset = -factor, value - offset
        else:
            factor, offset = _STEPS[kind(node)](factor, offset, value)
    both = np.broadcast_arrays(factor, offset)
    return both[0], both[1]


_STEPS = {
    "Add": lambda factor, offset, value: (factor, offset + value),
    "Div": lambda factor, offset, value: (factor / value, offset / value),
    "Mul": lambda factor, offset, value: (factor * value, offset * value),
    "Sub": lambda factor, offset, value: (factor, offset - value),
}


def _groups(convolution: ir.Node) -> int:
    group = convolution.attributes.get("group")
    return 1 if group is None else group.as_int()


def _by_input(factor: Array, shape: Sequence[int], groups: int) -> Array:
    """Return the factors of the input channels, aligned with a kernel."""
    inputs = np.broadcast_to(factor, (shape[1] * groups,)).reshape(groups, 1, -1)
    spread = np.broadcast_to(inputs, (groups, shape[0] // groups, shape[1]))
    return spread.reshape(shape[0], shape[1], *[1] * (len(shape) - 2))


def _replace_chain(graph: ir.Graph, chain: _Chain, shift: Array) -> None:
    """Replace a chain by one Sub, or by nothing if the shift is 0."""
    first, last = chain.nodes[0], chain.nodes[-1]
    x = _variable(first)
    result = last.outputs[0]
    if shift.any():
        name = f"{last.name}/shift"
        broadcast_shape = (-1,) + (1,) * (-chain.channels - 1) if len(shift) > 1 else ()
        value = constant(graph, shift.reshape(broadcast_shape), name)
        sub = ir.node("Sub", [x, value], name=last.name)
        sub.outputs[0].name = f"{last.name}/centred"
        sub.outputs[0].type, sub.outputs[0].shape = result.type, result.shape
        graph_of(last).insert_after(last, sub)
        x = sub.outputs[0]
    ir.convenience.replace_all_uses_with(result, x)
    for node in reversed(chain.nodes):
        remove(node)
