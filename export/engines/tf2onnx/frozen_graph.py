"""A model as a graph of TensorFlow, with its variables as constants."""

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
"""A model: tensors by output name for tensors by input name."""

_ASSIGNS = re.compile(r"Assign(Add|Sub)?VariableOp$")

# Functions of this attribute are not put in the place of their calls. Keras has one for
# convolutions in groups.
_COMPILED_APART = "_XlaMustCompile"
_INLINED = "_inlined"

# Graphs of TensorFlow hold constants as lists of Python numbers while they are
# converted, fifty times their size. Those with as many elements as this are kept apart,
# if only operations read them that don't need to know their values.
_LARGE = 2**14
_READERS = {"BatchMatMulV2", "Conv2D", "Conv3D", "Einsum", "GatherV2", "MatMul"}
_PASSES_ON = {"Identity"}


@dataclass(frozen=True, eq=False)
class FrozenGraph:
    """A graph that can be converted.

    Attributes:
        name: The model's name.
        graph: TensorFlow's GraphDef.
        inputs: The model's inputs by the name of their tensor in the graph, in order.
        outputs: The names of the model's outputs by that of their tensor, in order.
        shapes: What TensorFlow knows of the sizes of each output, by output name; None
            where it does not know the rank.
        weights: Large constants that were taken out of the graph, by the name of the
            tensor that stands for them.
        tables: The keys and values of lookup tables by name.
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

    Nothing that the model assigns while it is traced reaches its variables.

    Args:
        name: The model's name.
        call: The model.
        specs: Its inputs.
        owner: What holds its variables and tables.

    Raises:
        UnsupportedOperationError: TensorFlow can't trace or freeze it.
    """
    traced, names = _traced(call, specs)
    inputs = _own_inputs(traced)
    outputs = [x.name for x in traced.outputs]
    shapes = [None if x.shape.rank is None else tuple(x.shape) for x in traced.outputs]
    try:
        freeze = _with_tables if _has_tables(traced) else _with_weights_apart
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
    """Trace a model to a concrete function; return it and the names of its outputs."""
    import tensorflow as tf

    names: list[str] = []

    @tf.function
    def function(*tensors: Any) -> list[Any]:
        given = {spec.name: x for spec, x in zip(specs, tensors, strict=True)}
        results = call(given)
        names[:] = results
        # Each output is a tensor of its own, also one that is an input.
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
    """Return the names of a function's inputs, without those for what it captures."""
    captured = {inner.name for _, inner in traced.graph.captures}
    return [x.name for x in traced.inputs if x.name not in captured]


_Frozen = tuple[Any, dict[str, Array], Mapping[Any, Any]]
"""A GraphDef, the constants that were taken out of it, the lookup tables."""


def _with_tables(
    traced: Any, inputs: Sequence[str], outputs: Sequence[str], owner: Any
) -> _Frozen:
    """Freeze a function that reads lookup tables, which its owner keeps."""
    from tf2onnx import tf_loader

    graph, tables = tf_loader.from_trackable(owner, traced, inputs, outputs, False)
    return graph, {}, tables


def _with_weights_apart(
    traced: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
    _owner: Any,
) -> _Frozen:
    """Freeze a function, and take large constants out of its graph."""
    import tensorflow as tf
    from tf2onnx import tf_loader

    graph = _without_variables(traced)
    weights = dict(_taken_out(graph))
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
        # It assigns to its variables, which TensorFlow does not see until it is done.
        graph = tf_loader.convert_variables_to_constants_large_model(traced)
        _drop_assignments(graph)
    return tf_loader.fix_freezing_errors_part2(_inlined(graph, traced))


def _inlined(graph: Any, traced: Any) -> Any:
    """Put functions that are compiled apart in the place of their calls."""
    parts = [*graph.node, *graph.library.function]
    apart = [part for part in parts if _COMPILED_APART in part.attr]
    if not apart:
        return graph
    from tensorflow.python.eager.wrap_function import function_from_graph_def

    for part in apart:
        del part.attr[_COMPILED_APART]
    _rename_functions(graph)  # TensorFlow knows those names with the attribute
    outputs = [x.name for x in traced.outputs]
    again = function_from_graph_def(graph, _own_inputs(traced), outputs)
    return frozen(again).graph.as_graph_def(add_shapes=True)


def _rename_functions(graph: Any) -> None:
    for function in graph.library.function:
        function.signature.name += _INLINED
    bodies = [graph.node, *(one.node_def for one in graph.library.function)]
    for node in (node for body in bodies for node in body):
        for attribute in node.attr.values():
            # To assign within a field that is not set would be to set it.
            one = [attribute.func] if attribute.HasField("func") else []
            for called in one or attribute.list.func:
                called.name += _INLINED


def _drop_assignments(graph: Any) -> None:
    """Take out of a GraphDef what assigns to variables, and what waits for it."""
    dropped = {node.name for node in graph.node if _ASSIGNS.match(node.op)}
    kept = [node for node in graph.node if node.name not in dropped]
    for node in kept:
        inputs = [x for x in node.input if x.removeprefix("^") not in dropped]
        node.ClearField("input")
        node.input.extend(inputs)
    kept = [type(node).FromString(node.SerializeToString()) for node in kept]
    graph.ClearField("node")
    graph.node.extend(kept)


def _has_tables(traced: Any) -> bool:
    variables = {IdentityKey(variable.handle) for variable in traced.graph.variables}
    return any(
        outer.dtype.name == "resource" and IdentityKey(outer) not in variables
        for outer, _ in traced.graph.captures
    )


def _taken_out(graph: Any) -> Iterator[tuple[str, Array]]:
    """Put an input in the place of each large constant, and yield its name and value.

    Args:
        graph: A GraphDef, which is changed.
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
        if np.prod(sizes) < _LARGE or not _values_unneeded(node, readers):
            continue
        yield f"{node.name}:0", tf.make_ndarray(tensor)
        dtype, shape = tensor.dtype, tensor.tensor_shape
        node.op = "Placeholder"
        node.attr["shape"].shape.CopyFrom(shape)
        node.attr["dtype"].type = dtype
        del node.attr["value"]


def _values_unneeded(node: Any, readers: Mapping[str, list[Any]]) -> bool:
    return all(
        reader.op in _READERS
        or (reader.op in _PASSES_ON and _values_unneeded(reader, readers))
        for reader in readers.get(node.name, [])
    )
