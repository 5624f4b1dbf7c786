"""Keep zeros padded around an image from being ignored by a MaxPool.

Rule 1, for a Pad with zeros that a MaxPool reads: the zeros become the smallest
positive number. onnxruntime merges a Pad with zeros into the pads of the MaxPool after
it, which are ignored, so that the maximum of negative numbers would no longer be 0.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import kind
from keras_acts.export.passes.weights import constant

_FILLER = 2
"""The index of the fill value among the inputs of a Pad."""


class KeepZerosPass(InPlacePass):
    """Replace the zeros of a Pad before a MaxPool by a tiny number (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each Pad."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) == "Pad" and _feeds_max_pool(node) and _fills_zeros(node):
                _refill(model.graph, node)
                modified = True
        return PassResult(model, modified)


def _feeds_max_pool(node: ir.Node) -> bool:
    return any(kind(use.node) == "MaxPool" for use in node.outputs[0].uses())


def _fills_zeros(node: ir.Node) -> bool:
    mode = node.attributes.get("mode")
    if mode is not None and mode.as_string() != "constant":
        return False
    filler = node.inputs[_FILLER] if len(node.inputs) > _FILLER else None
    if filler is None:
        return True
    known = filler.const_value
    return known is not None and not np.any(known.numpy())


def _refill(graph: ir.Graph, node: ir.Node) -> None:
    image = node.inputs[0]
    known = None if image is None else image.dtype
    if known is None or not known.is_floating_point():
        return
    dtype = known.numpy()
    smallest = np.nextafter(dtype.type(0), dtype.type(1))
    name = f"{node.name}/smallest"
    value = constant(graph, np.asarray(smallest, dtype), name)
    if len(node.inputs) <= _FILLER:
        node.resize_inputs(_FILLER + 1)
    node.replace_input_with(_FILLER, value)
