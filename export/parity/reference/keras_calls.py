"""Keras's own answers, taken without leaving a trace in the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_acts.export.parity.tolerances import Array, coarsest
from keras_acts.export.trace.signature import InputSpec, Signature, output_names


def to_numpy(tensor: Any) -> Array:
    """Return a tensor as an array; bfloat16, which NumPy lacks, as float32."""
    array = np.asarray(keras.ops.convert_to_numpy(tensor))
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def as_keras_sees(array: Array, spec: InputSpec) -> Array:
    """Return an input as it is after the backend took it in the input's dtype."""
    return to_numpy(keras.ops.convert_to_tensor(array, dtype=spec.dtype))


def answers(
    model: Any, signature: Signature, inputs: Mapping[str, Array]
) -> dict[str, Any]:
    """Return the model's outputs, as tensors by name, for inputs by name."""

    def tensor(spec: InputSpec) -> Any:
        return keras.ops.convert_to_tensor(inputs[spec.name], dtype=spec.dtype)

    outputs = model(*signature.map(tensor), training=False)
    return output_names(model, outputs, [spec.name for spec in signature.inputs])


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Put back what a call may change: states of RNNs, of seeds, and statistics."""
    before = [(v, keras.ops.convert_to_numpy(v)) for v in model.non_trainable_variables]
    before = [(variable, np.array(value)) for variable, value in before]
    try:
        yield
    finally:
        for variable, value in before:
            if not np.array_equal(keras.ops.convert_to_numpy(variable), value):
                variable.assign(value)


def all_layers(model: Any) -> list[Any]:
    """Return the layers of a model, those of nested models in their place."""
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
    return coarsest(_in_fact(layer.compute_dtype) for layer in layers or [model])


def _in_fact(dtype: str) -> str:
    """Return the dtype that the backend computes in: JAX may lack float64."""
    if dtype != "float64":
        return dtype
    array = keras.ops.convert_to_tensor(np.zeros((), np.float64))
    return str(keras.backend.standardize_dtype(array.dtype))
