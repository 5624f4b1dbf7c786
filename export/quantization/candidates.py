"""Which nodes are worth 8 bits: those that onnxruntime has CPU kernels for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Gather")
"""Operators with weights; products of two activations stay in float."""

BETWEEN = (
    "Add",
    "AveragePool",
    "Clip",
    "Concat",
    "Flatten",
    "GlobalAveragePool",
    "LeakyRelu",
    "MaxPool",
    "Pad",
    "Relu",
    "Reshape",
    "Resize",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
)
"""Operators that keep a chain of convolutions in integers."""

STATIC = (*WEIGHTED, *BETWEEN)
DYNAMIC = ("MatMul", "Gather", "LSTM")
FOUR_BITS = ("MatMul", "Gather")


def named(proto: onnx.ModelProto, op_types: tuple[str, ...]) -> list[str]:
    """Return the names of the nodes to quantize, of the graph itself."""
    weights = {x.name for x in proto.graph.initializer}
    if not set(op_types) & set(BETWEEN):
        chosen: Iterator[onnx.NodeProto] = _weighted(proto.graph, weights, op_types)
    else:
        inside = _in_chains(proto.graph, weights)
        chosen = (
            node
            for node in proto.graph.node
            if node.op_type in op_types
            and (node.name in inside or _has_weights(node, weights))
        )
    return [node.name for node in chosen]


def _weighted(
    graph: onnx.GraphProto, weights: set[str], op_types: tuple[str, ...]
) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        if node.op_type in op_types and _has_weights(node, weights):
            yield node


def _has_weights(node: onnx.NodeProto, weights: set[str]) -> bool:
    """Whether a node looks something up in weights, or multiplies with them."""
    if node.op_type in ("MatMul", "Gemm", "Conv", "ConvTranspose", "LSTM"):
        return len(node.input) > 1 and node.input[1] in weights
    return node.op_type == "Gather" and node.input[0] in weights


def _in_chains(graph: onnx.GraphProto, weights: set[str]) -> set[str]:
    """Return the nodes that compute on what convolutions give, without weights.

    A bias added apart would get a scale of its own and lose more than it gains; sums in
    a transformer, whose products give floats, gain nothing either.
    """
    from_convolution: set[str] = set()
    found: set[str] = set()
    for node in graph.node:
        if node.op_type == "Conv":
            from_convolution.update(node.output)
        elif node.op_type in BETWEEN and from_convolution.intersection(node.input):
            if node.op_type == "Add" and weights.intersection(node.input):
                continue
            from_convolution.update(node.output)
            found.add(node.name)
    return found


def types(proto: onnx.ModelProto) -> Mapping[str, str]:
    """Return the operator of each node of the graph by its name."""
    return {node.name: node.op_type for node in proto.graph.node}
