"""What tracing reads of Keras's private attributes, all of it in this one place.

`tests/export/trace/test_hooks.py` fails clearly where a new Keras differs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras.src.backend.common import backend_utils
from keras.src.models import Functional
from keras.src.utils.naming import to_snake_case


@contextlib.contextmanager
def calls_forgotten(layer: Any) -> Iterator[None]:
    """Take back what Keras notes of a layer's calls: its nodes."""
    nodes = layer._inbound_nodes
    count = len(nodes)
    try:
        yield
    finally:
        del nodes[count:]


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
    return isinstance(layer, Functional)


def keeps_state(layer: Any) -> bool:
    """Whether a recurrent layer begins a call with the state that the last one left."""
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    return isinstance(layer, recurrent) and bool(layer.stateful)


def automatic_name(cls: type) -> str:
    """Return the name, before its number, that Keras gives a layer without one."""
    name: str = to_snake_case(cls.__name__)
    return name


def own_variables(layer: Any) -> list[Any]:
    """Return the variables of a layer without those of the layers inside it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def inner_layers(layer: Any) -> list[Any]:
    """Return the layers directly inside a layer."""
    return list(layer._layers)


def operation_kind(operation: Any) -> str:
    """Return a stable name of what an operation is: `"numpy.Add"`, `"nn.Relu"`."""
    cls = type(operation)
    module = cls.__module__.removeprefix("keras.src.ops.").removeprefix("keras.src.")
    return f"{module.rsplit('.', 1)[-1]}.{cls.__name__}"


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
    return backend_utils.vectorize_impl(function, vmap, **kwargs)
