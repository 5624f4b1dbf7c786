"""The calls inside a model, as a graph: which layer or operation feeds which.

The model is called on symbolic tensors, and so is each layer of the user's own that is
made of layers, so that Keras itself records who calls whom: nested and subclassed
models, shared layers and functions of `keras.ops` alike. What Keras notes about these
calls in the layers is taken away again.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.bases import ActivationLayer


@dataclass(eq=False)
class Call:
    """A call of a layer or an operation.

    Attributes:
        path: Names from the outermost layer inwards, `"encoder/dense"`.
        operation: The layer or the operation.
        shape: The shape of the first result; None where it isn't known.
        previous: The calls whose results it takes.
        following: The calls that take its results.
        arguments: Arguments that are no tensors, by name.
        ends: Whether a result is one of the model's.
        alone: Whether nothing is known of what comes before and behind it.
    """

    path: str
    operation: Any
    shape: tuple[int | None, ...] | None
    previous: list[Call] = field(default_factory=list)
    following: list[Call] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    ends: bool = False
    alone: bool = False


@dataclass(frozen=True)
class CallGraph:
    """The calls of a model.

    Attributes:
        calls: In the order in which they run.
        ends: For each result of the model the call that gives it, None where it is an
            input; in the order of `keras.tree.flatten`.
        names: The results' names, where they have some.
        opaque: Paths of layers whose own calls couldn't be followed, and why.
    """

    calls: tuple[Call, ...]
    ends: tuple[Call | None, ...]
    names: tuple[str | None, ...]
    opaque: dict[str, str]


def call_graph(model: Any) -> CallGraph:
    """Return the calls inside a model, which is left as it is.

    Args:
        model: A model or a layer that is built.
    """
    with _notes_taken_away(model):
        return _Followed().graph(model)


def sublayers(layer: Any, *, recursive: bool = False) -> list[Any]:
    """Return the layers that a layer is made of."""
    return list(layer._flatten_layers(include_self=False, recursive=recursive))


@contextlib.contextmanager
def _notes_taken_away(model: Any) -> Iterator[None]:
    """Remove what Keras notes in layers and operations while they are called."""
    layers = [model, *sublayers(model, recursive=True)]
    operations = [x for one in layers for x in getattr(one, "operations", ())]
    noted = [
        notes
        for one in (*layers, *operations)
        for notes in (one._inbound_nodes, one._outbound_nodes)
    ]
    lengths = [len(notes) for notes in noted]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of layers called in an unusual way
            yield
    finally:
        for notes, length in zip(noted, lengths, strict=True):
            del notes[length:]


class _Followed:
    """The calls found so far."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.opaque: dict[str, str] = {}
        self._givers: dict[int, Call] = {}
        self._same: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no identity is given to another tensor

    def graph(self, model: Any) -> CallGraph:
        """Follow a model's calls."""
        try:
            results = model.call(*_inputs_of(model))
            self._follow(results, "")
        except Exception as error:  # whatever the user's own `call` raises
            self.calls.clear()
            self._set_apart(model, model.name, "", error)
            return CallGraph(tuple(self.calls), (), (), self.opaque)
        flat = keras.tree.flatten(results)
        ends = tuple(self._givers.get(self._resolved(one)) for one in flat)
        for end in ends:
            if end is not None:
                end.ends = True
        names = _result_names(model, results)
        return CallGraph(tuple(self.calls), ends, names, self.opaque)

    def _resolved(self, tensor: Any) -> int:
        key = id(tensor)
        while key in self._same:
            key = self._same[key]
        return key

    def _follow(self, results: Any, prefix: str) -> None:
        """Add the calls that lead to results, each after those that it needs."""
        stack = [(one, False) for one in reversed(keras.tree.flatten(results))]
        self._kept += [one for one, _ in stack]
        done: set[int] = set()
        while stack:
            tensor, ready = stack.pop()
            if self._resolved(tensor) in self._givers:
                continue
            node = _node_of(tensor)
            if node is None or id(node) in done:
                continue
            if ready:
                done.add(id(node))
                self._add(node, prefix)
                continue
            stack.append((tensor, True))
            stack += [(one, False) for one in node.arguments.keras_tensors]

    def _add(self, node: Any, prefix: str) -> None:
        operation = node.operation
        path = f"{prefix}{operation.name}"
        self._kept += [*node.outputs, *node.arguments.keras_tensors]
        if _is_composite(operation):
            try:
                inner = self._inside(operation, node)
                self._follow(inner, f"{path}/")
            except Exception as error:  # whatever the user's own `call` raises
                self._set_apart(operation, path, f"{path}/", error)
            else:
                flat = keras.tree.flatten(inner)
                self._kept += flat
                for outer, one in zip(node.outputs, flat, strict=True):
                    self._same[id(outer)] = self._resolved(one)
                return
        call = Call(path, operation, tuple(node.outputs[0].shape))
        call.arguments = _plain_arguments(node.arguments)
        for tensor in node.arguments.keras_tensors:
            giver = self._givers.get(self._resolved(tensor))
            if giver is not None:
                call.previous.append(giver)
                giver.following.append(call)
        for tensor in node.outputs:
            self._givers[id(tensor)] = call
        self.calls.append(call)

    def _inside(self, operation: Any, node: Any) -> Any:
        """Call what a layer is made of on its symbolic inputs."""
        given = node.arguments
        if isinstance(operation, keras.layers.TimeDistributed):
            (x, *_) = given.keras_tensors
            step = KerasTensor((None, *x.shape[2:]), dtype=x.dtype)
            self._kept.append(step)
            self._same[id(step)] = self._resolved(x)
            return operation.layer(step)
        if isinstance(operation, keras.layers.Wrapper):
            return operation.layer(given.keras_tensors[0])
        return operation.call(*given.args, **given.kwargs)

    def _set_apart(self, layer: Any, path: str, prefix: str, error: Exception) -> None:
        """Add what a layer is made of as calls of which nothing else is known."""
        self.opaque[path] = f"{type(error).__name__}: {error}".split("\n")[0]
        for one in sublayers(layer):
            if _is_composite(one) or not _is_whole(one):
                self._set_apart(
                    one, f"{prefix}{one.name}", f"{prefix}{one.name}/", error
                )
                self.opaque.pop(f"{prefix}{one.name}")
            else:
                self.calls.append(Call(f"{prefix}{one.name}", one, None, alone=True))


def _is_composite(operation: Any) -> bool:
    """Whether an operation is a layer whose calls of other layers are of interest."""
    if isinstance(operation, keras.Model):
        return True
    if not isinstance(operation, keras.layers.Layer) or _is_whole(operation):
        return isinstance(operation, _OPENED)
    return bool(sublayers(operation))


_OPENED = (keras.layers.TimeDistributed, keras.layers.SpectralNormalization)
"""Keras's layers that call the layer in them and do nothing that matters here."""


def _is_whole(layer: Any) -> bool:
    """Whether a layer is Keras's or ours, which the rules know by its class."""
    ours = isinstance(layer, ActivationLayer)
    return ours or type(layer).__module__.split(".")[0] == "keras"


def _node_of(tensor: Any) -> Any:
    """Return Keras's note of the call that gave a tensor; None for an input."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    return history.operation._inbound_nodes[history.node_index]


def _plain_arguments(arguments: Any) -> dict[str, Any]:
    """Return the arguments that are no tensors; positional ones by their places."""
    given: dict[str, Any] = {str(at): x for at, x in enumerate(arguments.args)}
    given |= arguments.kwargs
    return {key: one for key, one in given.items() if not _has_tensors(one)}


def _has_tensors(value: Any) -> bool:
    return any(isinstance(one, KerasTensor) for one in keras.tree.flatten(value))


def _inputs_of(model: Any) -> list[Any]:
    """Return what a built model is called on, as symbolic tensors."""
    structure = getattr(model, "input", None) if _has_graph(model) else None
    if structure is not None:
        return [keras.tree.map_structure(_like, structure)]
    config = model.get_build_config() or {}
    if "shapes_dict" in config:
        shapes = list(config["shapes_dict"].values())
    else:
        shapes = [config["input_shape"]]
    dtype = getattr(model, "input_dtype", None) or "float32"
    return [_of_shapes(shape, dtype) for shape in shapes]


def _has_graph(model: Any) -> bool:
    return isinstance(model, keras.Model) and bool(getattr(model, "inputs", None))


def _like(tensor: Any) -> KerasTensor:
    return KerasTensor(tensor.shape, dtype=tensor.dtype)


def _of_shapes(shapes: Any, dtype: str) -> Any:
    """Return symbolic tensors in the structure of their shapes."""
    if isinstance(shapes, dict):
        return {key: _of_shapes(one, dtype) for key, one in shapes.items()}
    if all(size is None or isinstance(size, int) for size in shapes):
        return KerasTensor(tuple(shapes), dtype=dtype)
    return [_of_shapes(one, dtype) for one in shapes]


def _result_names(model: Any, results: Any) -> tuple[str | None, ...]:
    """Return the names by which a loss is given for each result."""
    flat = keras.tree.flatten(results)
    if isinstance(results, dict):
        return tuple(sorted(results))
    names = getattr(model, "output_names", None) or ()
    return tuple(names) if len(names) == len(flat) else (None,) * len(flat)
