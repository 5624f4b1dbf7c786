"""Remove Identity nodes.

Rules, for y = Identity(x):

1. y is not a graph output: its readers read x instead;
2. y is an output, and x is not and is made by a node of the same graph: x takes the
   name of y;
3. y is an output, and x is an output, an input, a weight, or from an outer graph: the
   node stays, since a graph must make its outputs itself.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import is_made_in_same_graph, kind, remove


class DropIdentitiesPass(InPlacePass):
    """Remove the Identity nodes that no graph output needs (rules 1 to 3)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules once to each node."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) == "Identity" and node.inputs[0] is not None:
                modified |= _drop(node, node.inputs[0], node.outputs[0])
        return PassResult(model, modified)


def _drop(node: ir.Node, x: ir.Value, y: ir.Value) -> bool:
    public = y.is_graph_output()
    if public and (not is_made_in_same_graph(x, node) or x.is_graph_output()):
        return False  # Rule 3: the node stays
    ir.convenience.replace_all_uses_with(y, x, replace_graph_outputs=True)
    remove(node)
    if public:  # Rule 2: x takes the name
        x.name = y.name
    return True
