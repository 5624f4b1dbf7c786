"""Puts the graph that another exporter wrote into the graph under construction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    g: GraphBuilder, exported: Exported, inputs: Sequence[ir.Value]
) -> list[ir.Value]:
    """Append a model's operators, and return the values of its outputs.

    Args:
        g: The graph under construction.
        exported: The model, which is used up.
        inputs: A value for each of its inputs.
    """
    model = _prepared(exported.model, g.opset)
    graph = model.graph
    outputs, values = list(graph.outputs), dict[ir.Value, ir.Value]()
    graph.outputs.clear()
    for old, new in zip(graph.inputs, inputs, strict=True):
        values[old] = new if old.dtype in (None, new.dtype) else g.cast(new, old.dtype)
        ir.convenience.replace_all_uses_with(old, values[old])
    for name, old in list(graph.initializers.items()):
        values[old] = _constant(g, old, exported.weights.get(name))
        ir.convenience.replace_all_uses_with(old, values[old])
    for node in graph:
        for part in _graphs(node):
            _rename(g, part)
        made = g.copy(node)
        values.update(zip(node.outputs, made, strict=True))
        ir.convenience.replace_all_uses_with(node.outputs, made)
    return [values[x] for x in outputs]


def _prepared(model: ir.Model, opset: int) -> ir.Model:
    """Return a model at an opset, without functions, with the type of every value."""
    if model.functions:
        InlinePass()(model)
    if model.opset_imports.get("", opset) != opset:
        proto = onnx.version_converter.convert_version(ir.to_proto(model), opset)
        model = ir.from_proto(proto)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    RemoveUnusedNodesPass()(model)
    InferShapesPass(strict=False)(model)
    return model


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
