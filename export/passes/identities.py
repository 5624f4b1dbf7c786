"""Drop Identity nodes.

Rules, on y = Identity(x):

1. y is no output of a graph: what reads y reads x;
2. y is an output, and x, made by a node of the same graph, is none: x takes the name
   of y;
3. y is an output, and x is an output, an input, a weight, or of a graph around: the
   node stays, since each graph's outputs are its own.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import is_made_beside, remove


class DropIdentitiesPass(InPlacePass):
    """Drop Identity nodes that give nothing a name of its own."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules once to each node."""
        modified = False
        for node in model.graph.all_nodes():
            if node.op_type == "Identity" and node.inputs[0] is not None:
                modified |= _drop(node, node.inputs[0], node.outputs[0])
        return PassResult(model, modified)


def _drop(node: ir.Node, x: ir.Value, y: ir.Value) -> bool:
    public = y.is_graph_output()
    if public and (not is_made_beside(x, node) or x.is_graph_output()):  # Rule 3
        return False
    ir.convenience.replace_all_uses_with(y, x, replace_graph_outputs=True)
    remove(node)
    if public:  # Rule 2
        x.name = y.name
    return True
