"""Give subgraphs the small integers that they compute sizes with.

ONNX's shape inference does not see, inside a subgraph, the numbers of a constant that
lies outside. Rule, on a node of a subgraph that reads a vector of integers or a single
one from the main graph: it reads a copy of its own graph's, which such nodes share.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.weights import tensor_of

_LONGEST = 32
"""More integers are data, not sizes, axes or ends of slices."""


class LocalizeSizesPass(InPlacePass):
    """Copy small vectors of integers into the subgraphs that use them."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rule to each node of each subgraph."""
        copies: dict[tuple[ir.Graph, ir.Value], ir.Value] = {}
        for graph in model.graph.subgraphs():
            for node in graph:
                for i, x in enumerate(node.inputs):
                    if x is None or not _is_small(x) or x.graph is not model.graph:
                        continue
                    if (graph, x) not in copies:
                        copies[graph, x] = _copied(graph, x)
                    node.replace_input_with(i, copies[graph, x])
        return PassResult(model, bool(copies))


def _is_small(x: ir.Value) -> bool:
    tensor = x.const_value
    return (
        tensor is not None
        and tensor.dtype == ir.DataType.INT64
        and len(tensor.shape) < 2
        and tensor.size <= _LONGEST
    )


def _copied(graph: ir.Graph, x: ir.Value) -> ir.Value:
    name = f"{graph.name}/{x.name}"
    tensor = ir.tensor(tensor_of(x).numpy(), ir.DataType.INT64, name=name)
    value = ir.Value(name=name, shape=x.shape, type=x.type, const_value=tensor)
    graph.register_initializer(value)
    return value
