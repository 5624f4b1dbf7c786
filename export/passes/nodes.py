"""Nodes, and the graphs that contain them: the main graph, branches and loop bodies.

Weights and constants belong to the main graph, whichever graph reads them. A value may
be read in its own graph and in the graphs nested in it.
"""

from __future__ import annotations

import onnx_ir as ir

_STANDARD = ("", "ai.onnx")


def kind(node: ir.Node) -> str:
    """Return the name of a node's operator, after its domain if it isn't ONNX's own."""
    if node.domain in _STANDARD:
        return node.op_type
    return f"{node.domain}::{node.op_type}"


def permutation(node: ir.Node) -> list[int] | None:
    """Return the axes of a Transpose; None if it reverses those of an unknown rank."""
    given = node.attributes.get("perm")
    if given is not None:
        return list(given.as_ints())
    for value in (node.inputs[0], node.outputs[0]):
        if value is not None and value.shape is not None:
            return list(range(len(value.shape)))[::-1]
    return None


def keeps_zeros(reshape: ir.Node) -> bool:
    """Whether a 0 in the shape of a Reshape is a size, rather than the input's."""
    given = reshape.attributes.get("allowzero")
    return given is not None and given.as_int() == 1


def graph_of(x: ir.Node | ir.Value) -> ir.Graph:
    """Return the graph of a node, or of an input or result of a node."""
    if not isinstance(x.graph, ir.Graph):
        raise ValueError(f"A node or value must be in a graph. Received: {x!r}")
    return x.graph


def remove(node: ir.Node) -> None:
    """Remove a node whose results are unused from its graph."""
    graph_of(node).remove(node, safe=True)


def insert_after(x: ir.Value, node: ir.Node) -> None:
    """Insert a node after the producer of a value, in the value's graph."""
    graph, producer = graph_of(x), x.producer()
    if producer is not None:
        graph.insert_after(producer, node)
    elif len(graph):
        graph.insert_before(graph[0], node)
    else:
        graph.append(node)


def is_made_in_same_graph(x: ir.Value, node: ir.Node) -> bool:
    """Whether a value is made in a node's graph, so that it can be an output there."""
    producer = x.producer()
    return producer is not None and producer.graph is node.graph


def has_single_use(x: ir.Value) -> bool:
    """Whether exactly one node reads a value, and it is not a graph output."""
    return len(x.uses()) == 1 and not x.is_graph_output()


def bypass(node: ir.Node, x: ir.Value) -> None:
    """Replace a node's result by a value, which takes over a public name."""
    result = node.outputs[0]
    public = result.name if result.is_graph_output() else x.name
    ir.convenience.replace_all_uses_with(result, x, replace_graph_outputs=True)
    remove(node)
    x.name = public
