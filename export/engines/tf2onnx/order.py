"""A deterministic order of nodes, which depends on the graph only, not on names."""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir


def put_in_order(graph: ir.Graph) -> None:
    """Sort the nodes of a graph and its subgraphs topologically.

    A depth-first search from the outputs, through the inputs in order, lists each node
    after those that it reads. Nodes that it doesn't reach are removed.
    """
    for node in graph:
        for part in _subgraphs(node):
            put_in_order(part)
    ordered = list(_ordered(graph))
    graph.remove(list(graph))
    graph.extend(ordered)


def _ordered(graph: ir.Graph) -> Iterator[ir.Node]:
    inside = set(graph)
    visited: set[ir.Node] = set()
    for output in graph.outputs:
        stack: list[tuple[ir.Node | None, Iterator[ir.Value]]] = [
            (None, iter([output]))
        ]
        while stack:
            node, values = stack[-1]
            for value in values:
                producer = value.producer()
                if (
                    producer is not None
                    and producer in inside
                    and producer not in visited
                ):
                    visited.add(producer)
                    stack.append((producer, _reads(producer)))
                    break
            else:
                stack.pop()
                if node is not None:
                    yield node


def _reads(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the values that a node reads: its inputs, then those of its subgraphs."""
    yield from (value for value in node.inputs if value is not None)
    for part in _subgraphs(node):
        for inner in part:
            yield from _reads(inner)
        yield from part.outputs


def _subgraphs(node: ir.Node) -> Iterator[ir.Graph]:
    for name in sorted(node.attributes):
        attribute = node.attributes[name]
        if attribute.type == ir.AttributeType.GRAPH:
            yield attribute.as_graph()
        elif attribute.type == ir.AttributeType.GRAPHS:
            yield from attribute.as_graphs()
