"""Puts the graph that another exporter wrote into the graph under construction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import onnx
import onnx_ir as ir
from onnx_ir.passes.common import (
    InlinePass,
    LiftConstantsToInitializersPass,
    RemoveUnusedNodesPass,
)

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.engines.islands.exported import Exported
from keras_acts.export.passes.shapes.inference import InferShapesPass


def inline(
    g: GraphBuilder, exported: Exported, inputs: Sequence[Callable[[], ir.Value]]
) -> list[ir.Value]:
    """Append a model's operators, and return the values of its outputs.

    Args:
        g: The graph under construction.
        exported: The model, which is used up.
        inputs: Makes the value for each of its inputs, if it is used.
    """
    model = _prepared(exported.model, g.opset)
    graph = model.graph
    outputs, values = list(graph.outputs), dict[ir.Value, ir.Value]()
    for old, make in zip(graph.inputs, inputs, strict=True):
        if _is_used(old):
            new = make()
            values[old] = new if old.dtype is None else g.cast(new, old.dtype)
    for old in _in_order(graph):
        values[old] = _constant(g, old, exported.weights.get(old.name or ""))
    graph.outputs.clear()
    ir.convenience.replace_all_uses_with(list(values), list(values.values()))
    for node in list(graph):
        for part in _graphs(node):
            _rename(g, part)
        made = g.copy(node)
        values.update(zip(node.outputs, made, strict=True))
        ir.convenience.replace_all_uses_with(node.outputs, made)
        graph.remove(node, safe=True)  # else it would count as a use of what it reads
    return [values[x] for x in outputs]


def _in_order(graph: ir.Graph) -> list[ir.Value]:
    """Return the initializers in the order in which they are used, which is the same.

    The order in which an exporter has them may be that of a set.
    """
    own = set(graph.initializers.values())
    read = (x for node in graph.all_nodes() for x in node.inputs if x in own)
    return list(dict.fromkeys([*read, *(x for x in graph.outputs if x in own)]))


def _is_used(value: ir.Value) -> bool:
    """Whether a node reads a value, or it is an output."""
    return bool(value.uses()) or value.is_graph_output()


def _prepared(model: ir.Model, opset: int) -> ir.Model:
    """Return a model at an opset, without functions, with the type of every value."""
    if model.functions:
        InlinePass()(model)
    if model.opset_imports.get("", opset) != opset:
        proto = onnx.version_converter.convert_version(ir.to_proto(model), opset)
        model = ir.from_proto(proto)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    RemoveUnusedNodesPass()(model)
    for node in model.graph.all_nodes():
        _without_empty_inputs(node)
        for value in node.outputs:
            if value.type is None:
                value.shape = None  # which could not be written without a type
    InferShapesPass(strict=False)(model)
    return model


def _without_empty_inputs(node: ir.Node) -> None:
    """Leave out the inputs of a Resize that are empty: that is how older ones did."""
    if node.op_type != "Resize":
        return
    for i, value in enumerate(node.inputs[1:3], 1):
        array = None if value is None else value.const_value
        if array is not None and array.size == 0:
            node.replace_input_with(i, None)


def _constant(g: GraphBuilder, value: ir.Value, weight: Any) -> ir.Value:
    """Return an initializer as a weight by its own name, or as a constant."""
    assert value.const_value is not None
    if weight is None:
        return g.constant(value.const_value.numpy())
    if isinstance(weight, tuple):
        return g.named_constant("/".join((*g.scope[1:], *weight)), value.const_value)
    assert value.dtype is not None
    return g.cast(g.weight(weight), value.dtype)


def _graphs(node: ir.Node) -> Iterator[ir.Graph]:
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            yield attribute.as_graph()
        elif attribute.type == ir.AttributeType.GRAPHS:
            yield from attribute.as_graphs()


def _rename(g: GraphBuilder, graph: ir.Graph) -> None:
    """Give what is in a graph of a node names that nothing else has."""
    prefix = "/".join(g.scope)
    graph.name = g.names.unique(f"{prefix}/graph")
    for value in graph.inputs:
        value.name = g.names.unique(f"{prefix}/{value.name or 'input'}")
    for name, value in list(graph.initializers.items()):
        del graph.initializers[name]
        value.name = g.names.unique(f"{prefix}/constant")
        graph.register_initializer(value)
    for node in graph:
        node.name = g.names.unique(f"{prefix}/{node.op_type}")
        for i, value in enumerate(node.outputs):
            value.name = node.name if len(node.outputs) == 1 else f"{node.name}:{i}"
        for part in _graphs(node):
            _rename(g, part)
