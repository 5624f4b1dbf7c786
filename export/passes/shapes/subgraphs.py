"""Copy small constants into the subgraphs that compute with them.

Inside a subgraph, ONNX's shape inference doesn't know the values of constants outside.
Rule 1, for a node of a subgraph that reads a short vector or a single number from the
main graph that is no weight: it reads a copy in its own graph, shared by such nodes.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.weights import tensor_of

_LONGEST = 32
"""Longer vectors are data, not sizes, axes or ends of slices."""


class LocalizeSizesPass(InPlacePass):
    """Copy short constants into the subgraphs that use them (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each node of each subgraph."""
        copies: dict[tuple[ir.Graph, ir.Value], ir.Value] = {}
        for graph in model.graph.subgraphs():
            for node in graph:
                for i, x in enumerate(node.inputs):
                    if x is None or not _is_small(x) or x.graph is not model.graph:
                        continue
                    if (graph, x) not in copies:
                        copies[graph, x] = _copy(graph, x)
                    node.replace_input_with(i, copies[graph, x])
        return PassResult(model, bool(copies))


def _is_small(x: ir.Value) -> bool:
    tensor = x.const_value
    return (
        tensor is not None
        and not isinstance(tensor, ir.LazyTensor)
        and tensor.dtype != ir.DataType.STRING
        and len(tensor.shape) < 2
        and tensor.size <= _LONGEST
    )


def _copy(graph: ir.Graph, x: ir.Value) -> ir.Value:
    name = f"{graph.name}/{x.name}"
    known = tensor_of(x)
    tensor = ir.tensor(known.numpy(), known.dtype, name=name)
    value = ir.Value(name=name, shape=x.shape, type=x.type, const_value=tensor)
    graph.register_initializer(value)
    return value
