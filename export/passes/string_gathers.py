"""Gather strings by GatherND, where onnxruntime's Gather leaves some out.

Rule 1, for a Gather of strings along another axis than the last: a GatherND of whole
slices, between Transposes that bring the axis to the front and back. Gather copies the
first string of each slice, and leaves the others empty. Transposes that bring the axis
to the end would not help: onnxruntime moves them across a Gather.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import bypass, graph_of, kind
from keras_acts.export.passes.weights import constant


class GatherStringsPass(InPlacePass):
    """Replace a Gather of strings by a GatherND (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each Gather."""
        modified = False
        for node in list(model.graph.all_nodes()):
            if kind(node) == "Gather":
                modified |= _turn(model, node)
        return PassResult(model, modified)


def _turn(model: ir.Model, node: ir.Node) -> bool:
    strings, indices = node.inputs
    if strings is None or indices is None or strings.dtype != ir.DataType.STRING:
        return False
    if strings.shape is None or indices.shape is None:
        return False
    rank, gathered = len(strings.shape), len(indices.shape)
    given = node.attributes.get("axis")
    axis = (0 if given is None else given.as_int()) % max(rank, 1)
    if axis >= rank - 1:
        return False
    first = [axis, *(i for i in range(rank) if i != axis)]
    others = range(gathered, gathered + rank - 1)
    back = [*others[:axis], *range(gathered), *others[axis:]]
    end = constant(model.graph, np.asarray([-1], np.int64), f"{node.name}/end")
    places = _inserted(node, "Unsqueeze", "places", [indices, end])
    turned = _inserted(node, "Transpose", "turned", [strings], perm=first)
    found = _inserted(node, "GatherND", "found", [turned, places])
    result = _inserted(node, "Transpose", "back", [found], perm=back)
    result.shape = node.outputs[0].shape
    bypass(node, result)
    return True


def _inserted(
    node: ir.Node, op_type: str, name: str, inputs: Sequence[ir.Value], **given: Any
) -> ir.Value:
    """Insert a node before another, and return its result."""
    name = f"{node.name}/{name}"
    value = ir.Value(name=name, type=inputs[0].type)
    made = ir.node(op_type, inputs, given, outputs=[value], name=name)
    graph_of(node).insert_before(node, made)
    return value
