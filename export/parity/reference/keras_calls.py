"""Calls of a Keras model that leave its state unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_acts.export.parity.strings import as_text, comparable
from keras_acts.export.parity.tolerances import Array, coarsest
from keras_acts.export.trace.keras_patches.training import kept as training_kept
from keras_acts.export.trace.signature import Signature, TracedInput, output_names


def to_numpy(tensor: Any) -> Array:
    """Return a tensor as an array; bfloat16, which NumPy lacks, as float32.

    Strings are numbers then, as `comparable` has them.
    """
    array = comparable(np.asarray(keras.ops.convert_to_numpy(tensor)))
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def tensor(array: Array, dtype: str) -> Any:
    """Return an array as the backend's tensor of a dtype."""
    return keras.ops.convert_to_tensor(array, dtype=dtype)


def cast_input(array: Array, spec: TracedInput) -> Array:
    """Return an array as the backend receives it, cast to the input's dtype."""
    if spec.dtype == "string":
        return as_text(array)
    return to_numpy(keras.ops.convert_to_tensor(array, dtype=spec.dtype))


def answers(
    model: Any, signature: Signature, inputs: Mapping[str, Array]
) -> dict[str, Any]:
    """Call the model on inputs by name; return its output tensors by name."""

    def tensor(spec: TracedInput) -> Any:
        return keras.ops.convert_to_tensor(inputs[spec.name], dtype=spec.dtype)

    # NumPy, where it is the backend, warns of what is compared anyway.
    with training_kept(), np.errstate(all="ignore"):
        outputs = signature.call(model, tensor)
    return output_names(model, outputs, [spec.name for spec in signature.inputs])


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Restore on exit what a call may change: RNN states, seeds and statistics."""
    before = [(v, keras.ops.convert_to_numpy(v)) for v in model.non_trainable_variables]
    before = [(variable, np.array(value)) for variable, value in before]
    try:
        yield
    finally:
        for variable, value in before:
            if not np.array_equal(keras.ops.convert_to_numpy(variable), value):
                variable.assign(value)


def all_layers(model: Any) -> list[Any]:
    """Return the layers of a model, with nested models flattened in place."""
    layers: list[Any] = []
    for layer in getattr(model, "layers", ()):
        layers += all_layers(layer) if getattr(layer, "layers", None) else [layer]
    return layers


def compute_precision(model: Any) -> str:
    """Return the coarsest float dtype in which a layer of the model computes."""
    layers = [
        layer
        for layer in all_layers(model)
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    return coarsest(_backend_dtype(layer.compute_dtype) for layer in layers or [model])


def _backend_dtype(dtype: str) -> str:
    """Return the dtype that the backend really uses: JAX may lack float64."""
    if dtype != "float64":
        return dtype
    array = keras.ops.convert_to_tensor(np.zeros((), np.float64))
    return str(keras.backend.standardize_dtype(array.dtype))
