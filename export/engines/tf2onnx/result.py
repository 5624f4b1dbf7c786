"""Normalizes what tf2onnx wrote: names, sizes and weights.

tf2onnx names values by global counters, and gives each unknown size a new name; inputs
and outputs have TensorFlow's names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import onnx
import onnx_ir as ir
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
    DeduplicateInitializersPass,
)

from keras_acts.export.builder.types import ONNX_DTYPES
from keras_acts.export.engines.tf2onnx.frozen_graph import Array, FrozenGraph
from keras_acts.export.engines.tf2onnx.order import put_in_order
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.names import UniqueNames
from keras_acts.export.options import ir_version
from keras_acts.export.passes import run_in_order, run_passes
from keras_acts.export.passes.shapes.inference import InferShapesPass
from keras_acts.export.trace import size_name

_WRITER = "tf2onnx"

_LARGEST_SHARED = 1024
"""The most elements of constants that are compared and shared if they are equal."""

_COUNTER = re.compile(r"__\d+")
_PORT = re.compile(r":\d+$")


def rebuilt(
    proto: onnx.ModelProto, frozen: FrozenGraph, channels_first: Sequence[str]
) -> ir.Model:
    """Return the model with its inputs, outputs and weights set, and types inferred.

    Args:
        proto: The model that tf2onnx wrote.
        frozen: The graph that it converted.
        channels_first: The names of the inputs with channels first.
    """
    model = ir.from_proto(proto)
    assert isinstance(model, ir.Model)
    graph = model.graph
    for part in (graph, *graph.subgraphs()):
        part.doc_string = None
        for node in part:
            node.doc_string = None
    model.doc_string = None
    graph.name = frozen.name
    model.ir_version = ir_version(model.opset_imports[""])
    _set_weights(graph, frozen.weights)
    _set_inputs(graph, frozen, channels_first)
    _set_outputs(graph, frozen)
    _forget_sizes(graph)
    InferShapesPass(strict=False)(model)
    return model


def finish(model: ir.Model, frozen: FrozenGraph) -> None:
    """Simplify a model whose operators are all valid, and name its nodes and values.

    Raises:
        GraphError: A pass failed on what tf2onnx wrote.
    """
    _forget_sizes(model.graph)
    for value in model.graph.outputs:
        shape = frozen.shapes[value.name or ""]
        value.shape = None if shape is None else ir.Shape(shape)
    tidy(model)
    run_passes(model, writer=_WRITER)
    _rename(model)
    _name_output_sizes(model.graph)
    used = {node.domain for node in model.graph.all_nodes()}
    for domain in set(model.opset_imports) - used - {""}:
        del model.opset_imports[domain]


def tidy(model: ir.Model) -> None:
    """Order the nodes of a model by its graph alone, and share what is equal."""
    put_in_order(model.graph)
    shared = (
        DeduplicateInitializersPass(size_limit=_LARGEST_SHARED),
        CommonSubexpressionEliminationPass(),
    )
    run_in_order(model, shared, writer=_WRITER)


def check_operators(model: ir.Model, reasons: Iterable[str]) -> None:
    """Check that ONNX has all operators of a model.

    Args:
        model: The model, after `write_forms`.
        reasons: The errors that tf2onnx logged for operations it can't convert.

    Raises:
        UnsupportedOperationError: An operation of TensorFlow is left.
    """
    unknown = {
        f"{node.op_type} (in {_clean(node.name)})" if node.name else node.op_type
        for node in model.graph.all_nodes()
        if not _is_known(node, model)
    }
    logged = sorted(set(reasons))
    if unknown or logged:
        raise UnsupportedOperationError(
            "tf2onnx can't convert some operations of TensorFlow that the model calls: "
            "replace them by others. "
            f"Received: {'; '.join([*sorted(unknown), *logged])}"
        )


def _is_known(node: ir.Node, model: ir.Model) -> bool:
    """Whether ONNX has an operator at the model's opset."""
    domain = "" if node.domain == "ai.onnx" else node.domain
    version = model.opset_imports.get(domain)
    return version is not None and onnx.defs.has(node.op_type, version, domain)


def _set_weights(graph: ir.Graph, weights: Mapping[str, Array]) -> None:
    """Turn the inputs that replace large constants into weights."""
    for value in list(graph.inputs):
        array = weights.get(value.name or "")
        if array is None:
            continue
        graph.inputs.remove(value)
        tensor = ir.tensor(array, name=value.name)
        value.const_value = tensor
        value.shape, value.type = ir.Shape(array.shape), ir.TensorType(tensor.dtype)
        graph.register_initializer(value)


def _set_inputs(
    graph: ir.Graph, frozen: FrozenGraph, channels_first: Sequence[str]
) -> None:
    present = {value.name: value for value in graph.inputs}
    unknown = set(present) - set(frozen.inputs)
    if unknown:
        raise UnsupportedOperationError(
            "tf2onnx added inputs that the model doesn't have. "
            f"Received: {', '.join(sorted(map(str, unknown)))}"
        )
    graph.inputs.clear()
    for tensor_name, spec in frozen.inputs.items():
        sizes = [
            size if size is not None else size_name(spec.name, axis)
            for axis, size in enumerate(spec.shape)
        ]
        if spec.name in channels_first:
            sizes = [sizes[0], sizes[-1], *sizes[1:-1]]
        # An unused input stays an input.
        value = present.get(tensor_name) or ir.Value(
            type=ir.TensorType(ONNX_DTYPES[spec.dtype])
        )
        value.name, value.shape = spec.name, ir.Shape(sizes)
        graph.inputs.append(value)


def _set_outputs(graph: ir.Graph, frozen: FrozenGraph) -> None:
    present = {value.name: value for value in graph.outputs}
    graph.outputs.clear()
    for tensor_name, name in frozen.outputs.items():
        value = present[tensor_name]
        value.name = name
        graph.outputs.append(value)


def _forget_sizes(graph: ir.Graph) -> None:
    """Remove all inferred shapes: our passes infer them again, with named sizes."""
    for node in graph.all_nodes():
        for value in node.outputs:
            value.shape = None


def _name_output_sizes(graph: ir.Graph) -> None:
    """Name each output's sizes that couldn't be inferred after the output."""
    known = {size for value in graph.inputs for size in value.shape or ()}
    for value in graph.outputs:
        if value.shape is not None:
            value.shape = ir.Shape(
                size
                if isinstance(size, int) or size in known
                else f"{value.name}_{axis}"
                for axis, size in enumerate(value.shape)
            )


def _rename(model: ir.Model) -> None:
    """Name nodes, values and weights in the order of the nodes, without counters.

    The model's inputs and outputs keep their names.
    """
    graph = model.graph
    public = {*graph.inputs, *graph.outputs}
    names = UniqueNames(value.name or "" for value in public)
    parts = [graph, *graph.subgraphs()]
    weights = {part: _in_order(part) for part in parts}
    for part in parts:
        # A graph stores its weights by name: they are registered again below.
        part.initializers.clear()
        _rename_inputs(part, public, names)
    for node in graph.all_nodes():
        _rename_node(node, public, names)
    for part, values in weights.items():
        for weight in values:
            _rename_weight(weight, names)
            part.register_initializer(weight)


def _rename_inputs(
    graph: ir.Graph, public: Collection[ir.Value], names: UniqueNames
) -> None:
    """Name the inputs of a subgraph."""
    for value in graph.inputs:
        if value not in public:
            value.name = names.unique(_clean(value.name or "input"))


def _rename_node(
    node: ir.Node, public: Collection[ir.Value], names: UniqueNames
) -> None:
    """Name a node by its scope and operator, and its outputs after it.

    The last part of a node's name varies if tf2onnx merged several nodes.
    """
    scope = _clean(node.name or "").rpartition("/")[0]
    node.name = names.unique(f"{scope}/{node.op_type}" if scope else node.op_type)
    for i, value in enumerate(node.outputs):
        if value not in public and value.name:
            value.name = node.name if i == 0 else f"{node.name}:{i}"


def _rename_weight(weight: ir.Value, names: UniqueNames) -> None:
    """Name a weight, and its tensor with it."""
    weight.name = names.unique(_clean(weight.name or "constant"))
    if weight.const_value is not None:
        weight.const_value.name = weight.name


def _in_order(graph: ir.Graph) -> list[ir.Value]:
    """Return the weights in the order of their first use."""
    own = set(graph.initializers.values())
    read = (x for node in graph.all_nodes() for x in node.inputs if x in own)
    return list(dict.fromkeys([*read, *graph.initializers.values()]))


def _clean(name: str) -> str:
    """Return a name without tf2onnx's counters and TensorFlow's output index."""
    return _PORT.sub("", _COUNTER.sub("", name)) or "value"
