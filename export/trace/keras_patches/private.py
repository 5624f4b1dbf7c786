"""What export reads of Keras's private parts, all of it in this one place.

`tests/export/trace/test_hooks.py` fails clearly where a new Keras differs.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.export.trace.keras_patches.lookup import find


class DetachedTensor(keras.KerasTensor):
    """A symbolic tensor that belongs to no Functional model."""

    # Keras wires calls of layers into its own graph by this attribute; an operation of
    # None leaves the graph of the user's model alone.
    _keras_history = find("keras.src.ops.node:KerasHistory")(
        operation=None, node_index=0, tensor_index=0
    )


def _global_state() -> Any:
    return find("keras.src.backend.common.global_state")


_CALL_STATE = ("autocast_scope", "current_call_ctx")


@contextlib.contextmanager
def calls_forgotten(layer: Any) -> Iterator[None]:
    """Take back what Keras notes of a layer's calls: its nodes."""
    nodes = layer._inbound_nodes
    count = len(nodes)
    try:
        yield
    finally:
        del nodes[count:]


@dataclass(frozen=True)
class CallState:
    """What Keras keeps of the calls of layers that are under way."""

    autocast: Any
    context: Any

    @classmethod
    def present(cls) -> CallState:
        """Return what it is now."""
        autocast, context = map(_global_state().get_global_attribute, _CALL_STATE)
        # Calls change it.
        return cls(autocast, copy.copy(context))

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Bring it back for a while."""
        kept = [_global_state().get_global_attribute(name) for name in _CALL_STATE]
        self._set(self.autocast, copy.copy(self.context))
        try:
            yield
        finally:
            self._set(*kept)

    @staticmethod
    def _set(*values: Any) -> None:
        for name, value in zip(_CALL_STATE, values, strict=True):
            _global_state().set_global_attribute(name, value)


def inner_call(layer: Any) -> Callable[..., Any]:
    """Return the method of a layer that computes its output."""
    quantized = getattr(layer, "quantization_mode", None) is not None
    call: Callable[..., Any] = layer.quantized_call if quantized else layer.call
    return call


def takes_argument(layer: Any, name: str) -> bool:
    """Whether a layer's `call` takes its context's `mask` or `training`."""
    return bool(getattr(layer, f"_call_has_{name}_arg"))


def is_functional(layer: Any) -> bool:
    """Whether a model is a graph of layers, all of which its configuration names."""
    return isinstance(layer, find("keras.src.models:Functional"))


def keeps_state(layer: Any) -> bool:
    """Whether a recurrent layer begins a call with the state that the last one left."""
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    return isinstance(layer, recurrent) and bool(layer.stateful)


def automatic_name(cls: type) -> str:
    """Return the name, before its number, that Keras gives a layer without one."""
    name: str = find("keras.src.utils.naming:to_snake_case")(cls.__name__)
    return name


def own_variables(layer: Any) -> list[Any]:
    """Return the variables of a layer without those of the layers inside it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def inner_layers(layer: Any) -> list[Any]:
    """Return the layers directly inside a layer."""
    return list(layer._layers)


def operation(kind: str, /, *args: Any, **kwargs: Any) -> Any:
    """Make an operation of a kind, such as `"numpy.Add"`."""
    return find(operation_path(kind))(*args, **kwargs)


def operation_path(kind: str) -> str:
    """Return where the class of a kind of operation is, as `lookup.find` takes it."""
    module, name = kind.rsplit(".", 1)
    if module == "activations":
        return f"keras.src.activations.activations:{name}"
    return f"keras.src.ops.{module}:{name}"


def input_structure(model: Any) -> Any:
    """Return the structure of a Functional or Sequential model's inputs, or None."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0] if model.built and model.inputs else None
    return getattr(model, "_inputs_struct", None)


def recorded_shapes(model: Any) -> tuple[Any, ...]:
    """Return the shapes with which a model was built, one entry an argument."""
    return tuple((getattr(model, "_build_shapes_dict", None) or {}).values())


def output_layer_names(model: Any) -> list[str]:
    """Return the names of the layers that make a Functional model's outputs."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name] if model.layers else []
    return list(getattr(model, "output_names", None) or [])


def vectorize(
    function: Callable[..., Any], vmap: Callable[..., Any], **kwargs: Any
) -> Any:
    """Return what `ops.vectorize` makes of a function, with a map of our own."""
    vectorize_impl = find("keras.src.backend.common.backend_utils:vectorize_impl")
    return vectorize_impl(function, vmap, **kwargs)


def in_symbolic_scope() -> bool:
    """Whether Keras infers shapes by calling functions of the backend at present."""
    return bool(find("keras.src.backend:in_symbolic_scope")())


@contextlib.contextmanager
def names_kept() -> Iterator[None]:
    """Put Keras's counters for automatic names back afterwards."""
    state = _global_state()
    counters = state.get_global_attribute("object_name_uids")
    kept = None if counters is None else counters.copy()
    try:
        yield
    finally:
        state.set_global_attribute("object_name_uids", kept)


def first_token(layer: Any) -> int:
    """Return the index of the first token in a lookup layer's vocabulary."""
    return int(layer._token_start_index())


def first_unknown(layer: Any) -> int:
    """Return the index of a lookup layer's first place for unknown tokens."""
    return int(layer._oov_start_index())


def frozen_vocabulary_size(layer: Any) -> int:
    """Return the size of the vocabulary that a lookup layer was given."""
    return int(layer._frozen_vocab_size)
