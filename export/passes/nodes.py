"""Nodes and the graphs that they are in, which may be branches or bodies of loops.

Weights and constants are the main graph's, whichever graph reads them. A value may be
read in its own graph and in those inside it.
"""

from __future__ import annotations

import onnx_ir as ir


def graph_of(x: ir.Node | ir.Value) -> ir.Graph:
    """Return the graph that a node, or an input or result of a node, is in."""
    if not isinstance(x.graph, ir.Graph):
        raise ValueError(f"It is in no graph. Received: {x!r}")
    return x.graph


def remove(node: ir.Node) -> None:
    """Take a node whose results nothing reads out of its graph."""
    graph_of(node).remove(node, safe=True)


def insert_behind(x: ir.Value, node: ir.Node) -> None:
    """Put a node that reads a value where the value is made: in its graph, after it."""
    graph, producer = graph_of(x), x.producer()
    if producer is not None:
        graph.insert_after(producer, node)
    elif len(graph):
        graph.insert_before(graph[0], node)
    else:
        graph.append(node)


def is_made_beside(x: ir.Value, node: ir.Node) -> bool:
    """Whether a node of the same graph makes a value, so that it can be an output."""
    producer = x.producer()
    return producer is not None and producer.graph is node.graph


def is_sole_use(x: ir.Value) -> bool:
    """Whether one node reads a value, and nobody outside the graph does."""
    return len(x.uses()) == 1 and not x.is_graph_output()


def bypass(node: ir.Node, x: ir.Value) -> None:
    """Put a value in the place of a node's result, under its name if it is public."""
    result = node.outputs[0]
    public = result.name if result.is_graph_output() else x.name
    ir.convenience.replace_all_uses_with(result, x, replace_graph_outputs=True)
    remove(node)
    x.name = public
