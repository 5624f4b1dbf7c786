"""Traces a model to a TensorFlow graph with its variables as constants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.export.errors import ExportError, UnsupportedOperationError, brief
from keras_acts.export.identity import IdentityKey
from keras_acts.export.saved_model import frozen
from keras_acts.export.trace import TracedInput

Array = np.ndarray[Any, Any]
Call = Callable[[dict[str, Any]], Mapping[str, Any]]
"""A model: maps tensors by input name to tensors by output name."""

_ASSIGNS = re.compile(r"Assign(Add|Sub)?VariableOp$")

# Calls of functions with this attribute are not inlined. Keras sets it for grouped
# convolutions.
_NOT_INLINED = "_XlaMustCompile"
_INLINED = "_inlined"

# During the conversion, a constant takes fifty times its size as a list of Python
# numbers. Constants with at least this many elements are taken out of the graph if only
# operations read them whose conversion doesn't depend on their values.
_LARGE = 2**14
_READERS = {"BatchMatMulV2", "Conv2D", "Conv3D", "Einsum", "GatherV2", "MatMul"}
_PASSES_ON = {"Identity"}


@dataclass(frozen=True, eq=False)
class FrozenGraph:
    """A TensorFlow graph for tf2onnx, without variables.

    Attributes:
        name: The model's name.
        graph: TensorFlow's GraphDef.
        inputs: The model's inputs by tensor name in the graph, in order.
        outputs: The names of the model's outputs by tensor name, in order.
        shapes: The shape of each output as TensorFlow infers it, by output name; None
            for an unknown rank.
        weights: The large constants that were taken out of the graph, by the name of
            the tensor that replaces them.
        tables: The keys and values of lookup tables, by name.
    """

    name: str
    graph: Any
    inputs: Mapping[str, TracedInput]
    outputs: Mapping[str, str]
    shapes: Mapping[str, tuple[int | None, ...] | None]
    weights: Mapping[str, Array]
    tables: Mapping[Any, Any]


def frozen_graph(
    name: str, call: Call, specs: Sequence[TracedInput], owner: Any
) -> FrozenGraph:
    """Trace a model with TensorFlow and freeze it.

    Assignments during the trace don't change the model's variables.

    Args:
        name: The model's name.
        call: The model.
        specs: Its inputs.
        owner: The object that holds its variables and tables.

    Raises:
        UnsupportedOperationError: TensorFlow can't trace or freeze it.
    """
    traced, names = _traced(call, specs)
    inputs = _own_inputs(traced)
    outputs = [x.name for x in traced.outputs]
    shapes = [None if x.shape.rank is None else tuple(x.shape) for x in traced.outputs]
    try:
        freeze = _with_tables if _has_tables(traced) else _without_large_constants
        graph, weights, tables = freeze(traced, inputs, outputs, owner)
    except Exception as error:  # of TensorFlow or tf2onnx, of any kind
        raise UnsupportedOperationError(
            "TensorFlow can't turn the model's variables into constants. "
            f"Received: {brief(error)}"
        ) from error
    return FrozenGraph(
        name=name,
        graph=graph,
        inputs=dict(zip(inputs, specs, strict=True)),
        outputs=dict(zip(outputs, names, strict=True)),
        shapes=dict(zip(names, shapes, strict=True)),
        weights=weights,
        tables=tables,
    )


def _traced(call: Call, specs: Sequence[TracedInput]) -> tuple[Any, list[str]]:
    """Trace a model to a concrete function; return it and its output names."""
    import tensorflow as tf

    names: list[str] = []

    @tf.function
    def function(*tensors: Any) -> list[Any]:
        given = {spec.name: x for spec, x in zip(specs, tensors, strict=True)}
        results = call(given)
        names[:] = results
        # Each output becomes a new tensor, even if it is an input.
        return [tf.identity(tf.convert_to_tensor(x)) for x in results.values()]

    signature = [
        tf.TensorSpec(spec.shape, spec.dtype, name=f"input_{i}")
        for i, spec in enumerate(specs)
    ]
    try:
        with tf.device("/cpu:0"), keras.StatelessScope():
            return function.get_concrete_function(*signature), names
    except ExportError:
        raise
    except Exception as error:  # of the model's own code, of any kind
        raise UnsupportedOperationError(
            f"TensorFlow can't trace the model. Received: {brief(error)}"
        ) from error


def _own_inputs(traced: Any) -> list[str]:
    """Return the names of a function's inputs, without its captures."""
    captured = {inner.name for _, inner in traced.graph.captures}
    return [x.name for x in traced.inputs if x.name not in captured]


_Frozen = tuple[Any, dict[str, Array], Mapping[Any, Any]]
"""A GraphDef, the constants that were taken out of it, and the lookup tables."""


def _with_tables(
    traced: Any, inputs: Sequence[str], outputs: Sequence[str], owner: Any
) -> _Frozen:
    """Freeze a function that reads lookup tables, which its owner holds."""
    from tf2onnx import tf_loader

    graph, tables = tf_loader.from_trackable(owner, traced, inputs, outputs, False)
    return graph, {}, tables


def _without_large_constants(
    traced: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
    _owner: Any,
) -> _Frozen:
    """Freeze a function, and take large constants out of its graph."""
    import tensorflow as tf
    from tf2onnx import tf_loader

    graph = _without_variables(traced)
    weights = dict(_take_large_constants(graph))
    with tf.Graph().as_default():
        tf.import_graph_def(graph, name="")
        graph = tf_loader.tf_optimize([*inputs, *weights], outputs, graph)
    return graph, weights, {}


def _without_variables(traced: Any) -> Any:
    """Return the GraphDef of a function with its variables as constants."""
    from tf2onnx import tf_loader

    try:
        graph = frozen(traced).graph.as_graph_def(add_shapes=True)
    except ValueError as error:
        if "incompatible with expected resource" not in str(error):
            raise
        # It assigns to its variables, which TensorFlow notices only at the end.
        graph = tf_loader.convert_variables_to_constants_large_model(traced)
        _drop_assignments(graph)
    return tf_loader.fix_freezing_errors_part2(_inlined(graph, traced))


def _inlined(graph: Any, traced: Any) -> Any:
    """Inline the functions that TensorFlow compiles separately."""
    parts = [*graph.node, *graph.library.function]
    marked = [part for part in parts if _NOT_INLINED in part.attr]
    if not marked:
        return graph
    from tensorflow.python.eager.wrap_function import function_from_graph_def

    for part in marked:
        del part.attr[_NOT_INLINED]
    _rename_functions(graph)  # TensorFlow has cached these names with the attribute
    outputs = [x.name for x in traced.outputs]
    again = function_from_graph_def(graph, _own_inputs(traced), outputs)
    return frozen(again).graph.as_graph_def(add_shapes=True)


def _rename_functions(graph: Any) -> None:
    """Rename the functions of a GraphDef's library, and their calls."""
    for function in graph.library.function:
        function.signature.name += _INLINED
    bodies = [graph.node, *(one.node_def for one in graph.library.function)]
    for node in (node for body in bodies for node in body):
        for attribute in node.attr.values():
            # Assigning inside an unset field would set it.
            single = [attribute.func] if attribute.HasField("func") else []
            for called in single or attribute.list.func:
                called.name += _INLINED


def _drop_assignments(graph: Any) -> None:
    """Remove assignments to variables from a GraphDef, and edges to them."""
    dropped = {node.name for node in graph.node if _ASSIGNS.match(node.op)}
    others = [node for node in graph.node if node.name not in dropped]
    for node in others:
        inputs = [x for x in node.input if x.removeprefix("^") not in dropped]
        node.ClearField("input")
        node.input.extend(inputs)
    copies = [type(node).FromString(node.SerializeToString()) for node in others]
    graph.ClearField("node")
    graph.node.extend(copies)


def _has_tables(traced: Any) -> bool:
    """Whether a function captures resources besides variables: lookup tables."""
    variables = {IdentityKey(variable.handle) for variable in traced.graph.variables}
    return any(
        outer.dtype.name == "resource" and IdentityKey(outer) not in variables
        for outer, _ in traced.graph.captures
    )


def _take_large_constants(graph: Any) -> Iterator[tuple[str, Array]]:
    """Replace each large constant of a GraphDef by an input; yield names and values.

    Args:
        graph: The GraphDef, which is changed.
    """
    import tensorflow as tf

    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name.removesuffix(":0"), []).append(node)
    for node in graph.node:
        if node.op != "Const":
            continue
        tensor = node.attr["value"].tensor
        sizes = [size.size for size in tensor.tensor_shape.dim]
        if np.prod(sizes) < _LARGE or not _only_data(node, readers):
            continue
        yield f"{node.name}:0", tf.make_ndarray(tensor)
        dtype, shape = tensor.dtype, tensor.tensor_shape
        node.op = "Placeholder"
        node.attr["shape"].shape.CopyFrom(shape)
        node.attr["dtype"].type = dtype
        del node.attr["value"]


def _only_data(node: Any, readers: Mapping[str, list[Any]]) -> bool:
    """Whether no reader's conversion depends on the values of a constant."""
    return all(
        reader.op in _READERS
        or (reader.op in _PASSES_ON and _only_data(reader, readers))
        for reader in readers.get(node.name, [])
    )
