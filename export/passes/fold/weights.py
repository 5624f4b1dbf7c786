"""Apply operators of weights alone when the file is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.builder.arrays import converted
from keras_acts.export.passes.nodes import remove
from keras_acts.export.passes.weights import Stored, sizes, stored

_BYTES = (ir.DataType.INT8, ir.DataType.UINT8)


class FoldWeightsPass(InPlacePass):
    """Store weights as their operators read them."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each node, in order, so that chains fold whole."""
        done: dict[tuple[Any, ...], ir.Value] = {}
        modified = False
        for node in model.graph.all_nodes():
            form = _form(node)
            weight = node.inputs[0] if node.inputs else None
            if form is None or weight is None:
                continue
            result = node.outputs[0]
            key = (weight, str(node.attributes), form.shape, form.dtype)
            if key not in done:
                done[key] = stored(model.graph, weight, form, result.name or "weight")
            ir.convenience.replace_all_uses_with(result, done[key])
            remove(node)
            modified = True
        return PassResult(model, modified)


def _form(node: ir.Node) -> Stored | None:
    """Return the form in which a node makes a weight, or None for any other node."""
    rule = _RULES.get(node.op_type)
    weight = node.inputs[0] if node.inputs else None
    if rule is None or weight is None or weight.const_value is None:
        return None
    return None if node.outputs[0].is_graph_output() else rule(node, weight.const_value)


def _transpose(node: ir.Node, tensor: ir.TensorProtocol) -> Stored | None:
    uses = node.inputs[0].uses() if node.inputs[0] is not None else ()
    if len(sizes(tensor)) == 2 and any(x.node.op_type not in _RULES for x in uses):
        return None  # Rule 4
    permutation = tuple(node.attributes["perm"].as_ints())
    shape = tuple(sizes(tensor)[axis] for axis in permutation)
    return Stored(lambda x: x.transpose(permutation), shape, tensor.dtype)


def _reshape(node: ir.Node, tensor: ir.TensorProtocol) -> Stored | None:
    target = node.inputs[1]
    if target is None or target.const_value is None:
        return None
    wanted = [int(size) for size in target.const_value.numpy()]
    shape = [sizes(tensor)[i] if size == 0 else size for i, size in enumerate(wanted)]
    if -1 in shape:
        rest = -int(np.prod(shape))
        shape[shape.index(-1)] = tensor.size // rest if rest else 0
    final = tuple(shape)
    return Stored(lambda x: x.reshape(final), final, tensor.dtype)


def _cast(node: ir.Node, tensor: ir.TensorProtocol) -> Stored | None:
    dtype = ir.DataType(node.attributes["to"].as_int())
    if tensor.dtype in _BYTES and dtype.bitwidth > tensor.dtype.bitwidth:
        return None
    return Stored(lambda x: converted(x, dtype), sizes(tensor), dtype)


_RULES: dict[str, Callable[[ir.Node, ir.TensorProtocol], Stored | None]] = {
    "Cast": _cast,
    "Reshape": _reshape,
    "Transpose": _transpose,
}
