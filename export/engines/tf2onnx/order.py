"""An order of nodes that follows from the graph alone: no names, no chance."""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir


def put_in_order(graph: ir.Graph) -> None:
    """Put the nodes of a graph, and of its subgraphs, in the order of their reading.

    Each node stands after those that it reads, in the order in which it reads them,
    from the first output on. Nodes that nothing reads are left out.
    """
    for node in graph:
        for part in _subgraphs(node):
            put_in_order(part)
    ordered = list(_ordered(graph))
    graph.remove(list(graph))
    graph.extend(ordered)


def _ordered(graph: ir.Graph) -> Iterator[ir.Node]:
    inside = set(graph)
    seen: set[ir.Node] = set()
    for output in graph.outputs:
        stack: list[tuple[ir.Node | None, Iterator[ir.Value]]] = [
            (None, iter([output]))
        ]
        while stack:
            node, values = stack[-1]
            for value in values:
                producer = value.producer()
                if producer is not None and producer in inside and producer not in seen:
                    seen.add(producer)
                    stack.append((producer, _reads(producer)))
                    break
            else:
                stack.pop()
                if node is not None:
                    yield node


def _reads(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the values that a node reads, those of its subgraphs after its own."""
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
