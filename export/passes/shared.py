"""Compute once what several nodes compute of the same values.

Rule 1, for a node with the operator, the attributes and the inputs of an earlier node
of the same graph: its readers read the results of the earlier one. Left as they are:

- nodes that draw random numbers, such as a Dropout: each draws its own;
- nodes that contain graphs;
- nodes that make an output of the graph, which has a name of its own.

So what each layer of a model makes of a mask is made in the first alone. onnx-ir's pass
of this name would take two dropouts for one.
"""

from __future__ import annotations

from collections.abc import Hashable

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import kind

_GRAPHS = (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
_RANDOM = frozenset(
    (
        *("Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike"),
        *("RandomUniform", "RandomUniformLike"),
    )
)


class ShareResultsPass(InPlacePass):
    """Replace nodes by earlier ones that compute the same (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rule once to each node, in graph order, so that chains merge."""
        modified = False
        for graph in model.graphs():
            first: dict[Hashable, ir.Node] = {}
            for node in graph:
                if not _is_replaceable(node):
                    continue
                earlier = first.setdefault(_computation(node), node)
                if earlier is not node:
                    _replace(node, earlier)
                    modified = True
        return PassResult(model, modified)


def _is_replaceable(node: ir.Node) -> bool:
    if kind(node) in _RANDOM or any(x.is_graph_output() for x in node.outputs):
        return False
    return all(one.type not in _GRAPHS for one in node.attributes.values())


def _computation(node: ir.Node) -> Hashable:
    """Return what is equal for nodes that compute the same."""
    attributes = sorted((one.name, _content(one)) for one in node.attributes.values())
    inputs = tuple(None if x is None else id(x) for x in node.inputs)
    return (*node.op_identifier(), len(node.outputs), inputs, tuple(attributes))


def _content(attribute: ir.Attr) -> str:
    """Return an attribute's value as a text that no other value has."""
    value = attribute.value
    if isinstance(value, ir.TensorProtocol):
        value = (value.dtype, tuple(value.shape), value.tobytes())
    return repr((attribute.type, value))


def _replace(node: ir.Node, earlier: ir.Node) -> None:
    for result, known in zip(node.outputs, earlier.outputs, strict=True):
        if known.shape is None:
            known.shape = result.shape
        ir.convenience.replace_all_uses_with(result, known)
    assert node.graph is not None
    node.graph.remove(node, safe=True)
