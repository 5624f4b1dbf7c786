"""The calls of a Keras 2 model made again, on the tensors of Keras 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
from keras import tree

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.keras2 import arguments, calls
from keras_acts.export.keras2.advice import ANOTHER_WAY
from keras_acts.export.keras2.layers import MODELS, LayerFactory

_CONSTANT = "_CONSTANT_VALUE"
_CALLS = ("TFOpLambda", "SlicingOpLambda")


class _NotYetError(Exception):
    """A tensor that a call takes is not there yet."""


def make_model(described: Mapping[str, Any], *, unsafe: bool = False) -> keras.Model:
    """Return the model that a configuration of Keras 2 describes, its weights new.

    Args:
        described: Class and configuration.
        unsafe: Whether the code of Lambda layers may be loaded.

    Raises:
        UnsupportedOperationError: Keras 3 has no counterpart of a part of it.
    """
    name, config = described["class_name"], described["config"]
    if name not in MODELS:
        raise UnsupportedOperationError(
            "A model file of Keras 2 must hold a Sequential or a Functional model to "
            f"be read by Keras 3. {ANOTHER_WAY} Received: {name}"
        )

    def nested(inner: Mapping[str, Any]) -> keras.Model:
        return make_model(inner, unsafe=unsafe)

    factory = LayerFactory(nested, unsafe=unsafe)
    if name == "Sequential":
        return _sequential(config, factory)
    return _Replay(config, factory).model()


def _sequential(config: Any, factory: LayerFactory) -> keras.Model:
    if isinstance(config, list):  # before Keras 2.2.3
        config = {"layers": config}
    layers = list(config["layers"])
    made = [] if layers[0]["class_name"] == "InputLayer" else list(_input(layers[0]))
    made += [factory.make(layer) for layer in layers]
    return keras.Sequential(made, name=config.get("name"))


def _input(first: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the input that the first layer tells, if it does."""
    shape = first["config"].get("batch_input_shape")
    if shape is not None:
        is_ids = first["class_name"] == "Embedding"
        dtype = None if is_ids else arguments.policy(first["config"].get("dtype"))
        yield keras.Input(batch_shape=tuple(shape), dtype=dtype)


class _Replay:
    """Calls the layers of one functional model in the order in which they can be.

    A tensor is named by the layer, the number of its call, and its place in the result.
    """

    def __init__(self, config: Mapping[str, Any], factory: LayerFactory) -> None:
        self._config = config
        self._tensors: dict[tuple[str, int], list[Any]] = {}
        self._layers = {
            layer["name"]: factory.make(layer)
            for layer in config["layers"]
            if layer["class_name"] not in _CALLS
        }
        self._names = {layer["name"] for layer in config["layers"]}

    def model(self) -> keras.Model:
        """Make all calls, and return the model."""
        waiting = list(self._nodes())
        while waiting:
            later = [node for node in waiting if not self._made(*node)]
            if len(later) == len(waiting):
                raise ValueError(
                    "Each call of a layer must take tensors of other calls. Received: "
                    f"calls that wait for each other: {[n[0]['name'] for n in later]}"
                )
            waiting = later
        inputs = self._structure(self._config["input_layers"])
        outputs = self._structure(self._config["output_layers"])
        return keras.Model(inputs, outputs, name=self._config.get("name"))

    def _nodes(self) -> Iterator[tuple[Any, int, Any]]:
        for layer in self._config["layers"]:
            # A model has been called once on its own inputs before it is called here.
            first = int(layer["class_name"] in MODELS)
            if layer["class_name"] == "InputLayer":
                made = self._layers[layer["name"]]
                self._tensors[layer["name"], 0] = [made.output]
            for number, node in enumerate(layer["inbound_nodes"]):
                yield layer, number + first, node

    def _made(self, layer: Any, number: int, node: Any) -> bool:
        """Make a call, unless something that it takes is not there yet."""
        try:
            args, kwargs = self._arguments(node)
        except _NotYetError:
            return False
        if layer["class_name"] in _CALLS:
            result = calls.call(layer["config"]["function"], args, kwargs)
        else:
            result = self._layers[layer["name"]](*args, **kwargs)
        self._tensors[layer["name"], number] = tree.flatten(result)
        return True

    def _arguments(self, node: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return what a call takes: its first argument, and those by name."""
        kwargs: dict[str, Any] = {}
        if _is_reference(node):  # a single tensor, as Keras 2.4 and later write it
            first = self._tensor(node)
            kwargs = node[3] if len(node) > 3 else {}
        elif isinstance(node, Mapping):
            first = {key: self._tensor(item) for key, item in node.items()}
        else:
            items = [self._tensor(item) for item in node]
            first = items[0] if len(items) == 1 else items
            for item in node:
                kwargs = {**kwargs, **(item[3] if len(item) > 3 else {})}
        return [first], {key: self._resolved(value) for key, value in kwargs.items()}

    def _resolved(self, value: Any) -> Any:
        """Return an argument with the tensors that it names."""
        if isinstance(value, list):
            if _is_reference(value) and value[0] in self._names:
                return self._tensor(value)
            return [self._resolved(item) for item in value]
        return value

    def _tensor(self, reference: Any) -> Any:
        name, number, place = reference[:3]
        if name == _CONSTANT:
            return place
        if (name, number) not in self._tensors:
            raise _NotYetError
        return self._tensors[name, number][place]

    def _structure(self, references: Any) -> Any:
        """Return tensors in the structure in which inputs or outputs are listed."""
        if isinstance(references, Mapping):
            return {key: self._structure(item) for key, item in references.items()}
        if _is_reference(references):
            return self._tensor(references)
        found = [self._structure(item) for item in references]
        return found[0] if len(found) == 1 else found


def _is_reference(value: Any) -> bool:
    """Whether a list names a tensor: `[layer, call, place]`, perhaps with arguments."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )
