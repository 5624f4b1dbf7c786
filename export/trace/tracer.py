"""Trace a model: call it on symbolic tensors and record each operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from keras_acts.export.errors import ExportError
from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace import failures, weight_values
from keras_acts.export.trace.arguments import with_arrays
from keras_acts.export.trace.graph import (
    Constant,
    Graph,
    LayerRecord,
    Node,
    RecordOf,
    Value,
    Weight,
)
from keras_acts.export.trace.handlers import activations, layer_calls
from keras_acts.export.trace.handlers.registry import find_handler
from keras_acts.export.trace.handlers.rnn import recurrence
from keras_acts.export.trace.identities import own_argument
from keras_acts.export.trace.islands import Islands
from keras_acts.export.trace.islands.calls import IslandCalls
from keras_acts.export.trace.keras_patches import draws, patches, reads
from keras_acts.export.trace.kinds import LAYER, UNPACK_INT4, operation_kind
from keras_acts.export.trace.naming import LayerNames
from keras_acts.export.trace.python_code import facts, lists, numbers
from keras_acts.export.trace.python_code.branches import EAGER
from keras_acts.export.trace.python_code.calls import Calls
from keras_acts.export.trace.shapes import symbolic_sizes
from keras_acts.export.trace.shapes.output_spec import output_spec
from keras_acts.export.trace.signature import Signature, TracedInput, public_names
from keras_acts.export.trace.structure import map_structure, pack
from keras_acts.export.trace.subgraph import Subgraph, uses_outer
from keras_acts.export.trace.tensors import (
    TracedTensor,
    array_of,
    has_traced,
    map_leaves,
    traced_statics,
)
from keras_acts.export.trace.untouched import untouched


def trace(
    model: Any,
    signature: Signature,
    *,
    record_of: RecordOf = lambda *_call: LayerRecord.OPERATIONS,
    names: Sequence[str] | Mapping[str, str] | None = None,
    islands: Islands | None = None,
) -> Graph:
    """Trace a model into a graph of operations.

    Args:
        model: A Keras model or layer whose weights exist.
        signature: How it is called.
        record_of: Decides how a layer's call is recorded, given the layer, the
            arguments and the keywords.
        names: Names for the outputs, instead of the model's own.
        islands: The layers to leave to another exporter, with the reasons, beside those
            that can't be traced; None if none may be.

    Returns:
        The graph, with the traced inputs and outputs by their public names.

    Raises:
        UnsupportedOperationError: The model's code needs values, not symbols.
        SignatureError: `names` does not fit the outputs.
        NameClashError: Two outputs, or an output and an input, would share a name.
    """
    recorder = _Recorder(record_of, islands)
    inputs: dict[str, Value] = {}

    def placeholder(spec: TracedInput) -> Any:
        tensor = TracedTensor(spec.shape, spec.dtype)
        inputs[spec.name] = recorder.value_of(tensor)
        return tensor

    with patches.recording(recorder), untouched(model):
        try:
            arguments, keywords = signature.map(placeholder)
            keywords = {"training": False, **keywords}
            outputs = recorder.ways(partial(model, *arguments, **keywords))
        except Exception:
            # Keras rewrites the message of an error that passes through it.
            if recorder.failure is not None:
                raise recorder.failure from recorder.failure.__cause__
            raise
    named = public_names(model, outputs, list(inputs), names)
    results = [recorder.operand(tensor) for tensor in named.values()]
    return Graph(
        name=model.name,
        inputs=inputs,
        outputs=dict(zip(named, results, strict=True)),
        nodes=recorder.nodes,
        weight_names=recorder.names.weights,
        islands=recorder.islands.made,
    )


class _Recorder:
    """Collects the nodes of one trace, as a `Recorder`."""

    def __init__(self, record_of: RecordOf, islands: Islands | None) -> None:
        self.islands = IslandCalls(islands)
        self.failure: ExportError | None = None
        self._record_of = record_of
        self.names = LayerNames()
        self._callers: list[Any] = []
        self._scope: tuple[str, ...] = ()
        self._values: dict[IdentityKey, Value | Weight | Constant] = {}
        self._weights: dict[tuple[IdentityKey, str], Any] = {}
        self._calls = Calls(self)

    @property
    def nodes(self) -> list[Node]:
        """The operations recorded by the innermost function."""
        return self._calls.tape.nodes

    def operation(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of an operation: by its handler, or as one node."""
        if activations.is_in_training(operation, args, kwargs):
            return activations.formula_of(operation, args, kwargs)
        kind = operation_kind(operation)
        if (own := own_argument(kind, operation, args, kwargs)) is not None:
            return own
        if (handler := find_handler(kind)) is not None:
            return handler(self, operation, *args, **kwargs)
        given = args, kwargs = numbers.beside_tensors(kind, (args, kwargs))
        args, kwargs = with_arrays(kind, args), with_arrays(kind, kwargs)
        args = lists.with_tensors(kind, args)
        spec = output_spec(kind, operation, args, kwargs, given)
        return self._record_call(kind, operation, args, kwargs, spec)

    def control_flow(
        self, operation: Any, args: Any, eagerly: Callable[[], Any]
    ) -> Any:
        """Record an operation that calls functions, or run it if nothing is traced.

        Its functions must be traced first to see whether they use outer tensors.
        """
        tape = self._calls.tape
        if tape.is_next(EAGER):
            return tape.play(EAGER)[0]
        before, played = len(tape.nodes), len(tape.played)
        result = self.operation(operation, args, {})
        added = tape.nodes[before:]
        if has_traced(args) or not added or any(map(uses_outer, added)):
            return result
        del tape.nodes[before:], tape.played[played:]
        tape.played.append((EAGER, eagerly()))
        return tape.played[-1][1]

    def layer(self, layer: Any, args: Any, kwargs: Any) -> Any:
        """Record a leaf as one node, any other layer as the operations inside it."""
        outer, depth = self._scope, len(self._callers)
        tape, sizes = self._calls.tape, self._calls.known_sizes()
        before, played = len(tape.nodes), len(tape.played)
        inner, many = self.islands.made, len(self.islands.made)
        try:
            self.islands.check(layer)
            form = self._record_of(layer, args, kwargs)
            is_leaf = form is not LayerRecord.OPERATIONS
            self._scope = self.names.path(layer, self._callers, is_leaf=is_leaf)
            self._callers.append(layer)
            if reads.is_stateful(layer):
                raise failures.stateful(self._scope, layer)
            if not is_leaf:
                return self._calls.layer(layer, args, kwargs)
            if (own := own_argument(LAYER, layer, args, kwargs)) is not None:
                return own
            has_body = form is LayerRecord.NODE_WITH_BODY
            body = self._body(layer, args, kwargs) if has_body else None
            spec = self._calls.unshown(output_spec, LAYER, layer, args, kwargs)
            return self._append_node(LAYER, args, kwargs, spec, layer, body=body)
        except Exception as error:
            if self.failure is None:
                failed = failures.untraceable(self._scope, layer, kwargs, error)
                if self.islands.may_take(kwargs, failed):
                    del tape.nodes[before:], tape.played[played:], inner[many:]
                    with sizes():
                        made = self._island(layer, args, kwargs, failed)
                    if made is not None:
                        return made[0]
                self.failure = failed
            # A failure inside has its cause already, and must not be its own.
            raise self.failure from (
                error if error is not self.failure else error.__cause__
            )
        finally:
            del self._callers[depth:]
            self._scope = outer

    def _island(
        self, layer: Any, args: Any, kwargs: Any, reason: ExportError
    ) -> tuple[Any] | None:
        """Record a call of a layer as an island, with its path for the scope."""
        if not self._callers or self._callers[-1] is not layer:
            self._callers.append(layer)
        self._scope = self.names.path(layer, self._callers[:-1], is_leaf=True)
        return self.islands.record(self, layer, args, kwargs, self._scope, reason)

    def _body(self, layer: Any, args: Any, kwargs: Any) -> Callable[[], Subgraph]:
        """Return a function that traces a layer's body later, as if called now."""
        scope, callers = self._scope, list(self._callers)
        sizes = self._calls.known_sizes()
        call_state = reads.CallState.current()

        @cache
        def body() -> Subgraph:
            self._scope, self._callers = scope, callers
            self.failure = None
            with patches.recording(self), call_state.restored(), sizes():
                try:
                    call = layer_calls.inner_call(layer)
                    return self.subgraph(partial(call, *args, **kwargs))
                except Exception as error:
                    failed = failures.untraceable(scope, layer, kwargs, error)
                    raise (self.failure or failed) from error

        return body

    def _record_call(
        self, kind: str, operation: Any, args: Any, kwargs: Any, spec: Any
    ) -> Any:
        """Record a call as one node, given the spec of its outputs.

        Complex numbers, which ONNX lacks, are computed if they depend on weights only.
        """
        results = weight_values.of_operation(operation, args, kwargs)
        if results is not None and weight_values.is_complex(spec):
            return pack(spec, results())
        return self._append_node(kind, args, kwargs, spec, operation, compute=results)

    def record_node(
        self,
        kind: str,
        args: Any,
        kwargs: Any,
        spec: Any,
        operation: Any = None,
        **functions: Any,
    ) -> Any:
        """Append a node whose outputs have a given spec; return them, traced."""
        return self._append_node(kind, args, kwargs, spec, operation, functions)

    def _append_node(
        self,
        kind: str,
        args: Any,
        kwargs: Any,
        spec: Any,
        operation: Any,
        functions: Mapping[str, Any] = MappingProxyType({}),
        *,
        body: Callable[[], Subgraph] | None = None,
        compute: Callable[[], list[Any]] | None = None,
    ) -> Any:
        """Append a node, with its body or a function that computes its outputs."""
        tape = self._calls.tape
        if tape.ahead:
            return tape.play(kind)[0]
        outputs = map_structure(numbers.traced, spec)
        tape.played.append((kind, outputs))
        facts.express(kind, args, outputs)
        if compute is not None:
            weight_values.attach(outputs, compute)
        statics = {**traced_statics(operation), **functions}
        self.nodes.append(
            Node(
                kind=kind,
                operation=operation,
                statics={k: map_leaves(self.operand, x) for k, x in statics.items()},
                args=map_leaves(self.operand, args),
                kwargs=map_leaves(self.operand, kwargs),
                outputs=map_structure(self.value_of, outputs),
                scope=self._scope,
                layer=self._callers[-1] if self._callers else None,
                body=body,
            )
        )
        return outputs

    def subgraph(self, function: Callable[..., Any], *specs: Any) -> Subgraph:
        """Trace a function on new tensors with the shapes and dtypes of `specs`."""
        inputs = map_structure(numbers.traced, specs)
        with self._calls.of_function() as tape:
            outputs = self._calls.ways(partial(function, *inputs))
            return Subgraph(
                inputs=map_structure(self.value_of, inputs),
                outputs=map_structure(lambda x: self.operand(self.tensor(x)), outputs),
                nodes=tape.nodes,
            )

    def tensor(self, x: Any) -> Any:
        """Convert a number to a tensor; return tensors and variables unchanged."""
        if x is None or isinstance(x, TracedTensor | keras.Variable):
            return x
        return keras.ops.convert_to_tensor(x)

    def ways(self, function: Callable[[], Any]) -> Any:
        """Call a function; if it branches on unknown numbers, along all ways."""
        return self._calls.ways(function)

    def decide(self, condition: Any) -> bool:
        """Return the truth of a condition on the way that is being traced."""
        return self._calls.decide(condition)

    def shape_for_model(self, tensor: Any) -> tuple[Any, ...]:
        """Return a tensor's `shape` as the model's own code sees it."""
        return self.shape(tensor) if self._calls.show_sizes() else tensor.static_shape

    def shape(self, tensor: Any) -> tuple[Any, ...]:
        """Return a tensor's sizes; reading an unknown one is an operation."""
        return tuple(
            self._size(tensor, axis) if size is None else size
            for axis, size in enumerate(tensor.shape)
        )

    def _size(self, tensor: Any, axis: int) -> Any:
        """Return a traced size of a tensor, recorded once."""

        def record() -> Any:
            spec = numbers.NumberSpec("int32")
            return self.record_node(symbolic_sizes.SIZE, (tensor, axis), {}, spec)

        return self._calls.size(tensor, axis, record)

    def creation(self, name: str, args: Any, kwargs: Any) -> Any:
        """Record a call of `ops.zeros` or the like with a traced size."""
        spec = symbolic_sizes.creation_spec(name, *args, **kwargs)
        kind = f"{symbolic_sizes.CREATION}.{name}"
        return self.record_node(kind, args, kwargs, spec)

    def draw(self, name: str, arguments: Any, seed: int | None) -> Any:
        """Record a draw of `keras.random`, whose arguments go by name."""
        given = draws.with_tensors({**arguments, "seed": seed}, self.tensor)
        spec = draws.draw_spec(name, given)
        return self.record_node(f"{draws.KIND}.{name}", (), given, spec)

    def recurrence(self, args: Any, kwargs: Any) -> Any:
        """Record a call of `backend.rnn`, the loop over time."""
        return recurrence(self, *args, **kwargs)

    def weight(self, variable: Any) -> Any:
        """Return the traced tensor that stands for a variable, or for an array."""
        weight, dtype = self.operand(variable), weight_values.dtype_of(variable)
        key = IdentityKey(variable), dtype
        if key not in self._weights:
            tensor = TracedTensor(tuple(variable.shape), dtype)
            tensor.compute = weight_values.of_variable(variable, dtype)
            self._weights[key] = tensor
            self._values[IdentityKey(tensor)] = weight
        return self._weights[key]

    def unpack_int4(
        self, packed: Any, orig_len: int, axis: int = 0, dtype: str = "int8"
    ) -> Any:
        """Record a call of `quantizers.unpack_int4`."""
        shape = list(packed.shape)
        shape[axis] = orig_len
        args = (packed, orig_len, axis % len(shape))
        return self.record_node(UNPACK_INT4, args, {}, keras.KerasTensor(shape, dtype))

    def value_of(self, tensor: Any) -> Any:
        """Return the graph's value for a traced tensor; None stays None."""
        if tensor is None:
            return None
        key = IdentityKey(tensor)
        if key not in self._values:
            shape = tuple(tensor.shape)
            is_number = isinstance(tensor, numbers.TracedNumber)
            self._values[key] = Value(
                shape, str(tensor.dtype), tensor.compute, is_number
            )
        return self._values[key]

    def operand(self, x: Any) -> Any:
        """Return what represents an argument of a call in the graph."""
        if isinstance(x, TracedTensor):
            return self.value_of(x)
        if isinstance(x, keras.Variable):
            # Inside a layer with mixed precision, this is the dtype it computes in.
            return Weight(x, keras.backend.standardize_dtype(x.dtype))
        if isinstance(x, np.ndarray) or keras.ops.is_tensor(x):
            return Constant(array_of(x))
        if isinstance(x, keras.KerasTensor):
            raise failures.of_another_graph(x)
        return x
