"""Convert a traced graph to ONNX, one operation after the other."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert import layers, ops  # noqa: F401  they fill the registry
from keras_acts.export.convert.common.promotion import in_result_dtype
from keras_acts.export.convert.failures import (
    author_of,
    check_result,
    failure,
    layer_path,
    located,
    no_converter,
)
from keras_acts.export.convert.registry import (
    converts_call,
    find_layer,
    find_operation,
)
from keras_acts.export.errors import (
    ExportError,
    OpsetError,
    SignatureError,
    UnsupportedOperationError,
)
from keras_acts.export.metadata import Metadata
from keras_acts.export.options import ir_version
from keras_acts.export.trace import (
    Constant,
    Graph,
    Node,
    Subgraph,
    Value,
    Weight,
    flatten,
    map_leaves,
    map_structure,
    size_name,
    with_statics,
)
from keras_acts.export.trace.kinds import LAYER
from keras_acts.export.trace.shapes.symbolic_sizes import SIZE
from keras_acts.export.trace.tensors import array_of


def convert(
    graph: Graph,
    *,
    opset: int,
    target: str,
    floats: str | None = None,
    channels_first: Sequence[str] = (),
) -> ir.Model:
    """Convert a traced graph to an ONNX model.

    Args:
        graph: The traced model.
        opset: The opset of the standard operators.
        target: What the graph is optimized for.
        floats: The dtype that replaces float32, float64 and bfloat16, or None.
        channels_first: Names of inputs that are NCHW in the file.

    Returns:
        The model, before any pass, with what it computes in float32 in its metadata.

    Raises:
        UnsupportedOperationError: An operation has no converter, or its converter
            doesn't support these arguments.
        SignatureError: `channels_first` names something other than an input of rank 3
            or more.
    """
    for name in channels_first:
        if name not in graph.inputs or len(graph.inputs[name].shape) < 3:
            raise SignatureError(
                "`inputs_as_nchw` must name inputs with channels, among "
                f"{list(graph.inputs)}. Received: {name!r}"
            )
    builder = GraphBuilder(opset, target, floats, graph.weight_names)
    return _Conversion(graph, builder, floats, frozenset(channels_first)).run()


class Body:
    """A function of the model, as passed to converters of loops and branches.

    A call appends the function's operations to the graph under construction: the
    current one, or within `GraphBuilder.subgraph` a subgraph.

    Attributes:
        inputs: The shapes and Keras dtypes of its arguments.
        outputs: Its traced results.
    """

    def __init__(
        self, traced: Subgraph, inline: Callable[[Subgraph, Sequence[Any]], Any]
    ) -> None:
        self.inputs = traced.inputs
        self.outputs = traced.outputs
        self._traced = traced
        self._inline = inline

    def __call__(self, *args: Any) -> Any:
        """Append the operations and return the results, with tensors as ONNX values."""
        return self._inline(self._traced, args)


class _Conversion:
    """One conversion: the builder, and the ONNX value of each traced value."""

    def __init__(
        self,
        graph: Graph,
        builder: GraphBuilder,
        floats: str | None,
        channels_first: frozenset[str],
    ) -> None:
        self._graph = graph
        self._floats = floats
        self._channels_first = channels_first
        self._g = builder
        # An error that already names its operation.
        self._located: ExportError | None = None
        # One map per graph, inner subgraphs first. A size that was read has a value
        # too, by its tensor and axis.
        self._values: ChainMap[Value | tuple[Any, ...], ir.Value] = ChainMap()

    def run(self) -> ir.Model:
        for name in (*self._graph.inputs, *self._graph.outputs):
            self._g.reserve(name)
        inputs = [self._input(name, v) for name, v in self._graph.inputs.items()]
        self._g.inputs = inputs
        for node in self._graph.nodes:
            self._convert_node(node)
        outputs = [self._output(name, v) for name, v in self._graph.outputs.items()]
        body = ir.Graph(
            inputs,
            outputs,
            nodes=self._g.nodes,
            initializers=self._g.initializers,
            opset_imports={"": self._g.opset, **self._g.domains},
            name=self._graph.name,
        )
        self._g.forget_inferred(body)
        model = ir.Model(body, ir_version=ir_version(self._g.opset))
        Metadata(in_float32=self._g.in_float32 or None).add_to(model)
        return model

    def _input(self, name: str, value: Value) -> ir.Value:
        symbols = [
            size if size is not None else size_name(name, axis)
            for axis, size in enumerate(value.shape)
        ]
        first = name in self._channels_first
        shape = [symbols[0], symbols[-1], *symbols[1:-1]] if first else symbols
        made = ir.Value(
            name=name,
            shape=ir.Shape(shape),
            type=ir.TensorType(self._g.dtype(value.dtype)),
        )
        self._values[value] = made
        if first:
            last = self._g.Transpose(made, perm=[0, *range(2, len(shape)), 1])
            self._values[value] = last
        return made

    def _convert_node(self, node: Node) -> None:
        self._g.scope, self._g.spec = node.scope, node.outputs
        if node.body is not None and not self._converts_call(node):
            self._inline_body(node, node.body())
        elif node.kind == SIZE and node.args in self._values:
            self._bind(node, self._values[node.args], None)
        elif isinstance(node.outputs, Value) and node.outputs.is_number:
            with self._g.own_floats():
                self._convert_or_fold(node)
        else:
            self._convert_or_fold(node)
        if node.kind == SIZE:
            self._values[node.args] = self._values[node.outputs]

    def _converts_call(self, node: Node) -> bool:
        """Whether a layer's converter serves this call, for the target and dtype."""
        args, kwargs = map_leaves(_spec, (node.args, node.kwargs))
        return converts_call(node.operation, args, kwargs, self._floats, self._g.target)

    def _inline_body(self, node: Node, body: Subgraph) -> None:
        """Convert the operations inside a layer in its place."""
        for one in body.nodes:
            self._convert_node(one)
        pairs = zip(flatten(node.outputs), flatten(body.outputs), strict=True)
        for value, result in pairs:
            if value is not None:
                self._values[value] = self._operand(result)

    def _convert_or_fold(self, node: Node) -> None:
        """Convert an operation, or leave it out if it can be computed at once.

        What is made of weights alone may be computed without a converter.
        """
        before = len(self._g.nodes)
        try:
            self._append_operators(node)
        except (UnsupportedOperationError, OpsetError):
            values = [x for x in flatten(node.outputs) if x is not None]
            if any(x.compute is None for x in values):
                raise
            del self._g.nodes[before:]
            for value in values:
                self._values.pop(value, None)

    def _append_operators(self, node: Node) -> None:
        """Append the ONNX operators of a node, and keep the values of its results."""
        converter = (
            find_layer(node.operation)
            if node.kind == LAYER
            else find_operation(node.kind)
        )
        if converter is None:
            raise located(UnsupportedOperationError(no_converter(node)), node, None)
        given = map_leaves(self._operand, (node.args, node.kwargs))
        cast = partial(in_result_dtype, self._g, node.kind)
        args, kwargs = map_leaves(cast, given)
        sizes = {k: map_leaves(self._operand, v) for k, v in node.statics.items()}
        operation = with_statics(node.operation, sizes)
        author = author_of(node, converter)
        outer = self._g.author
        if author is not None:
            self._g.author = f"{layer_path(node)}: {author}"
        try:
            results = converter(self._g, operation, *args, **kwargs)
            self._bind(node, results, author)
        except ExportError as error:
            if error is self._located:
                raise
            message = str(error) if author is None else f"{author} failed. {error}"
            failed = type(error)(f"{layer_path(node)}: {message}")
            raise located(failed, node, author) from error
        except Exception as error:
            unsupported = UnsupportedOperationError(failure(node, author, error))
            raise located(unsupported, node, author) from error
        finally:
            self._g.author = outer

    def _bind(self, node: Node, results: Any, author: str | None) -> None:
        specs = flatten(node.outputs)
        made = flatten(results)
        if len(made) != len(specs):
            raise UnsupportedOperationError(
                "A converter must return as many values as the call of what it "
                f"converts, {len(specs)}. Received: {len(made)} values"
            )
        for spec, value in zip(specs, made, strict=True):
            if spec is None:
                continue
            if author is not None:
                check_result(value, spec)
            self._values[spec] = self._typed(value, spec)

    def _typed(self, value: Any, spec: Value) -> ir.Value:
        """Cast a result to the dtype that Keras gives it, and set its shape.

        A shape that a converter set comes before Keras's, and that before the one that
        ONNX infers from the operator alone.
        """
        with self._g.own_floats() if spec.is_number else nullcontext():
            typed = self._g.cast(value, spec.dtype)
        declared = typed.shape is not None and self._g.has_declared_shape(typed)
        if not declared or self._g.rank(typed) != len(spec.shape):
            typed.shape = None
            self._g.with_shape(typed, spec.shape)
        return typed

    def _operand(self, x: Any) -> Any:
        if isinstance(x, Value):
            return self._value(x)
        if isinstance(x, Subgraph):
            return Body(x, self._inline_function)
        if isinstance(x, Weight):
            return self._g.weight(x.variable, x.dtype)
        if isinstance(x, Constant):
            dtype = self._g.dtype(keras.backend.standardize_dtype(x.array.dtype))
            return self._g.cast(x.array, dtype)
        return x

    def _value(self, x: Value) -> ir.Value:
        if x not in self._values and x.compute is not None:
            return self._g.cast(array_of(x.compute()), x.dtype)
        if x not in self._values:
            raise UnsupportedOperationError(
                "A tensor is used outside the function that made it, a branch or the "
                f"body of a loop, which must return it. Received: {x}"
            )
        return self._values[x]

    def _inline_function(self, body: Subgraph, args: Sequence[Any]) -> Any:
        """Convert a function's operations in place, and return its results."""
        scope, spec, outer = self._g.scope, self._g.spec, self._values
        self._values = outer.new_child()
        try:
            for value, made in zip(flatten(body.inputs), flatten(args), strict=True):
                if value is not None:
                    self._values[value] = self._typed(made, value)
            for node in body.nodes:
                self._convert_node(node)
            return map_structure(self._operand, body.outputs)
        except ExportError as error:
            self._located = error
            raise
        finally:
            self._g.scope, self._g.spec, self._values = scope, spec, outer

    def _output(self, name: str, result: Any) -> ir.Value:
        """Give a result its public name, with an Identity if it already has a name."""
        value = self._operand(result)
        named = value.producer() is None or value.name in self._graph.outputs
        made: ir.Value = self._g.Identity(value) if named else value
        made.shape, made.type = value.shape, value.type
        made.name = name
        return made


def _spec(x: Any) -> Any:
    """Return the shape and dtype of a tensor; a `KerasTensor` would count as one more.

    Keras numbers them, and names a model's inputs by the number.
    """
    if isinstance(x, Weight):
        return Value(tuple(x.variable.shape), x.dtype)
    if isinstance(x, Constant):
        return Value(x.array.shape, keras.backend.standardize_dtype(x.array.dtype))
    return x
