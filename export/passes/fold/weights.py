"""Apply operators on weights when the file is written: weights are stored as read.

Rules, for a node whose first input is a weight or a constant:

1. Transpose: the weight is stored with its axes permuted;
2. Reshape to a constant shape: it is stored in that shape;
3. Cast: it is stored in that dtype, except for integers of a quantized layer, which
   stay in eight bits;
4. a matrix that another operator reads as it is, such as an embedding tied to the
   output, is stored once: its Transpose stays, and the runtime applies it on loading.

Nodes that apply the same operator to the same weight, as in a layer that is called
twice, share one result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.builder.arrays import converted
from keras_acts.export.passes.nodes import keeps_zeros, kind, permutation, remove
from keras_acts.export.passes.weights import WeightForm, sizes, store_weight

_BYTE = 8
_BYTES = (ir.DataType.INT8, ir.DataType.UINT8)


class FoldWeightsPass(InPlacePass):
    """Fold Transpose, Reshape and Cast of weights (rules 1 to 4)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each node in graph order, so that chains fold entirely."""
        done: dict[tuple[Any, ...], ir.Value] = {}
        modified = False
        for node in model.graph.all_nodes():
            form = _form(node)
            weight = node.inputs[0] if node.inputs else None
            if form is None or weight is None:
                continue
            result = node.outputs[0]
            step = (kind(node), str(node.attributes))
            key = (weight, *step, form.shape, form.dtype)
            if key not in done:
                done[key] = store_weight(
                    model.graph, weight, form, result.name or "weight"
                )
            ir.convenience.replace_all_uses_with(result, done[key])
            remove(node)
            modified = True
        return PassResult(model, modified)


def _form(node: ir.Node) -> WeightForm | None:
    """Return the form that a node gives a weight, or None if the node must stay."""
    rule = _RULES.get(kind(node))
    weight = node.inputs[0] if node.inputs else None
    if rule is None or weight is None or weight.const_value is None:
        return None
    return None if node.outputs[0].is_graph_output() else rule(node, weight.const_value)


def _transpose(node: ir.Node, tensor: ir.TensorProtocol) -> WeightForm | None:
    """Rule 1: permute the axes, unless a matrix is read as it is too (rule 4)."""
    uses = node.inputs[0].uses() if node.inputs[0] is not None else ()
    if len(sizes(tensor)) == 2 and any(kind(x.node) not in _RULES for x in uses):
        return None  # Rule 4: a tied matrix is stored once
    axes = permutation(node)
    if axes is None:
        return None
    shape = tuple(sizes(tensor)[axis] for axis in axes)
    return WeightForm(lambda x: x.transpose(axes), shape, tensor.dtype)


def _reshape(node: ir.Node, tensor: ir.TensorProtocol) -> WeightForm | None:
    """Rule 2: store the weight in a constant shape."""
    target = node.inputs[1]
    if target is None or target.const_value is None:
        return None
    wanted = [int(size) for size in target.const_value.numpy()]
    if 0 in wanted and keeps_zeros(node):
        return None
    shape = [sizes(tensor)[i] if size == 0 else size for i, size in enumerate(wanted)]
    if -1 in shape:
        rest = -int(np.prod(shape))
        shape[shape.index(-1)] = tensor.size // rest if rest else 0
    final = tuple(shape)
    return WeightForm(lambda x: x.reshape(final), final, tensor.dtype)


def _cast(node: ir.Node, tensor: ir.TensorProtocol) -> WeightForm | None:
    """Rule 3: store the weight in another dtype, unless that widens 8-bit integers."""
    dtype = ir.DataType(node.attributes["to"].as_int())
    if ir.DataType.STRING in (dtype, tensor.dtype) or dtype.bitwidth < _BYTE:
        return None
    if tensor.dtype in _BYTES and dtype.bitwidth > tensor.dtype.bitwidth:
        return None
    return WeightForm(lambda x: converted(x, dtype), sizes(tensor), dtype)


_RULES: dict[str, Callable[[ir.Node, ir.TensorProtocol], WeightForm | None]] = {
    "Cast": _cast,
    "Reshape": _reshape,
    "Transpose": _transpose,
}
