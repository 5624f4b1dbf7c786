"""All private parts of Keras that the export reads.

`tests/export/trace/test_hooks.py` fails clearly if a new Keras differs.
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

    # Keras links calls of layers into its graph through this attribute; with None as
    # the operation, the graph of the user's model stays untouched.
    _keras_history = find("keras.src.ops.node:KerasHistory")(
        operation=None, node_index=0, tensor_index=0
    )


def _global_state() -> Any:
    return find("keras.src.backend.common.global_state")


_CALL_STATE = ("autocast_scope", "current_call_ctx")


@contextlib.contextmanager
def calls_forgotten(layer: Any) -> Iterator[None]:
    """Remove the nodes that Keras adds to a layer for the calls in a `with` block."""
    nodes = layer._inbound_nodes
    count = len(nodes)
    try:
        yield
    finally:
        del nodes[count:]


@dataclass(frozen=True)
class CallState:
    """Keras's global state of the layer calls in progress."""

    autocast: Any
    context: Any

    @classmethod
    def current(cls) -> CallState:
        """Return a copy of the current state."""
        autocast, context = map(_global_state().get_global_attribute, _CALL_STATE)
        # Copied, since later calls change it.
        return cls(autocast, copy.copy(context))

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Set this state inside a `with` block."""
        before = [_global_state().get_global_attribute(name) for name in _CALL_STATE]
        self._set(self.autocast, copy.copy(self.context))
        try:
            yield
        finally:
            self._set(*before)

    @staticmethod
    def _set(*values: Any) -> None:
        for name, value in zip(_CALL_STATE, values, strict=True):
            _global_state().set_global_attribute(name, value)


def is_training() -> bool:
    """Whether the present call of a layer is one in training."""
    context = _global_state().get_global_attribute("current_call_ctx")
    return bool(getattr(context, "training", None))


def mask_of(tensor: Any) -> Any:
    """Return the mask that a tensor carries, None if it has none."""
    return find("keras.src.backend:get_keras_mask")(tensor)


def set_mask(tensor: Any, mask: Any) -> None:
    """Let a tensor carry a mask."""
    find("keras.src.backend:set_keras_mask")(tensor, mask)


def inner_call(layer: Any) -> Callable[..., Any]:
    """Return the method that computes a layer's output."""
    quantized = getattr(layer, "quantization_mode", None) is not None
    call: Callable[..., Any] = layer.quantized_call if quantized else layer.call
    return call


def takes_argument(layer: Any, name: str) -> bool:
    """Whether a layer's `call` takes `mask` or `training` from its context."""
    return bool(getattr(layer, f"_call_has_{name}_arg"))


def is_functional(layer: Any) -> bool:
    """Whether a model is a graph of layers, whose configuration names them all."""
    return isinstance(layer, find("keras.src.models:Functional"))


def is_stateful(layer: Any) -> bool:
    """Whether a recurrent layer starts a call with the final state of the last one."""
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    return isinstance(layer, recurrent) and bool(layer.stateful)


def automatic_name(cls: type) -> str:
    """Return the name that Keras gives an unnamed layer, without its number."""
    name: str = find("keras.src.utils.naming:to_snake_case")(cls.__name__)
    return name


def own_variables(layer: Any) -> list[Any]:
    """Return the variables of a layer, without those of the layers inside it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def inner_layers(layer: Any) -> list[Any]:
    """Return the layers directly inside a layer."""
    return list(layer._layers)


def operation(kind: str, /, *args: Any, **kwargs: Any) -> Any:
    """Create an operation of a kind, such as `"numpy.Add"`."""
    return find(operation_path(kind))(*args, **kwargs)


def operation_path(kind: str) -> str:
    """Return the path of the class of an operation, as `lookup.find` takes it."""
    module, name = kind.rsplit(".", 1)
    if module == "activations":
        return f"keras.src.activations.activations:{name}"
    return f"keras.src.ops.{module}:{name}"


def is_in_functional_model(op: Any) -> bool:
    """Whether an operation is a node of a Functional model, not called by code."""
    return bool(op._inbound_nodes)


def input_structure(model: Any) -> Any:
    """Return the structure of a Functional or Sequential model's inputs, or None."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0] if model.built and model.inputs else None
    return getattr(model, "_inputs_struct", None)


def recorded_shapes(model: Any) -> dict[str, Any]:
    """Return the shapes that a model was built with, by `"<argument>_shape"`."""
    return dict(getattr(model, "_build_shapes_dict", None) or {})


def infer_output_spec(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the spec of a function's results, and build the layers that it calls."""
    compute = find("keras.src.backend:compute_output_spec")
    return compute(function, *args, **kwargs)


def output_layer_names(model: Any) -> list[str]:
    """Return the names of the layers that a Functional model's outputs come from."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name] if model.layers else []
    return list(getattr(model, "output_names", None) or [])


def vectorize(
    function: Callable[..., Any], vmap: Callable[..., Any], **kwargs: Any
) -> Any:
    """Apply `ops.vectorize` to a function, with our own `vmap`."""
    vectorize_impl = find("keras.src.backend.common.backend_utils:vectorize_impl")
    return vectorize_impl(function, vmap, **kwargs)


def in_symbolic_scope() -> bool:
    """Whether Keras is inferring shapes by calling functions of the backend."""
    return bool(find("keras.src.backend:in_symbolic_scope")())


@contextlib.contextmanager
def name_counters_restored() -> Iterator[None]:
    """Restore Keras's counters for automatic names after a `with` block."""
    state = _global_state()
    counters = state.get_global_attribute("object_name_uids")
    before = None if counters is None else counters.copy()
    try:
        yield
    finally:
        state.set_global_attribute("object_name_uids", before)


def first_token(layer: Any) -> int:
    """Return the index of the first token in a lookup layer's vocabulary."""
    return int(layer._token_start_index())


def first_unknown(layer: Any) -> int:
    """Return the first index that a lookup layer gives to unknown tokens."""
    return int(layer._oov_start_index())


def frozen_vocabulary_size(layer: Any) -> int:
    """Return the size of the vocabulary that a lookup layer was created with."""
    return int(layer._frozen_vocab_size)


def has_vocabulary(layer: Any) -> bool:
    """Whether a lookup layer was given a vocabulary, or adapted to data."""
    return layer._frozen_vocab_size is not None


def nodes_in_order(model: Any) -> list[Any]:
    """Return the calls of a Functional model's graph, each behind what it needs."""
    by_depth = model._nodes_by_depth
    return [
        node
        for depth in sorted(by_depth, reverse=True)
        for node in by_depth[depth]
        if node.operation is not None and not node.is_input
    ]


def is_masked(tensor: Any) -> bool:
    """Whether a tensor carries a mask of Keras."""
    get = find("keras.src.backend.common.masking:get_keras_mask")
    return get(tensor) is not None


@dataclass(frozen=True)
class Vectorization:
    """How a `TextVectorization` treats texts: its arguments, and the lookup inside."""

    standardize: Any
    split: Any
    ngrams: tuple[int, ...]
    output_sequence_length: int | None
    ragged: bool
    lookup: Any


def vectorization(layer: Any) -> Vectorization:
    """Return how a `TextVectorization` treats texts."""
    return Vectorization(
        layer._standardize,
        layer._split,
        tuple(layer._ngrams or ()),
        layer._output_sequence_length,
        layer._ragged,
        layer._lookup_layer,
    )
