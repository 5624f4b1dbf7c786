"""A copy of a Keras model that computes in float64: the witness of a verification.

The copy is made by Keras alone: its configuration with every floating dtype replaced by
float64, and its weights, saved and loaded. No converter has a part in it, so a fault of
one can't be its own witness.

There is no copy where Keras can't make one: a subclassed model without a usable
`get_config`, quantized weights, a function that isn't registered. Nor does one help
where the model computes in float64 itself, or where its own code casts to float32.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.tolerances import PRECISIONS, Array
from keras_acts.export.trace import Signature, TracedInput
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.keras_patches.float64 import float64_kept

FLOAT64 = "float64"
_NARROWER = {*PRECISIONS, "mixed_float16", "mixed_bfloat16"} - {FLOAT64}


class NoTwinError(Exception):
    """A model has no copy in float64; the message says why."""


@dataclass(frozen=True)
class Twin:
    """A copy of a model in float64.

    Attributes:
        model: The copy.
        signature: Its inputs, floats in float64.
    """

    model: Any
    signature: Signature

    @classmethod
    def of(cls, model: Any, signature: Signature) -> Twin:
        """Copy a model.

        Raises:
            NoTwinError: It can't be copied.
        """
        if keras.backend.backend() == "openvino":
            raise NoTwinError("OpenVINO computes in float32")
        if keras_calls.compute_precision(model) == FLOAT64:
            raise NoTwinError("the model computes in float64 itself")
        wide = Signature(*signature.map(_in_float64))
        try:
            with float64_kept(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the model, which is as it was
                return cls(_copied(model, wide), wide)
        except Exception as error:  # whatever the code of the model raises
            reason = (str(error).strip().splitlines() or [""])[0]
            raise NoTwinError(
                f"Keras can't copy it ({type(error).__name__}: {reason})"
            ) from error

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs by name, for inputs by name.

        Raises:
            NoTwinError: An output is narrower than float64.
        """
        with float64_kept(), keras_calls.unchanged(self.model):
            outputs = keras_calls.answers(self.model, self.signature, inputs)
            narrow = [
                f"'{name}'"
                for name, x in outputs.items()
                if keras.backend.standardize_dtype(x.dtype) in _NARROWER
            ]
            if narrow:
                raise NoTwinError(f"its code casts {', '.join(narrow)} by itself")
            return {name: keras_calls.to_numpy(x) for name, x in outputs.items()}


def _in_float64(spec: TracedInput) -> TracedInput:
    return replace(spec, dtype=FLOAT64) if spec.dtype in _NARROWER else spec


def _copied(model: Any, signature: Signature) -> Any:
    layers = list(_within(model))
    for layer in layers:
        if getattr(layer, "quantization_mode", None):
            raise ValueError(f"'{layer.name}' is quantized")
    classes = {type(layer).__name__: type(layer) for layer in layers}
    copy = keras.saving.deserialize_keras_object(
        in_float64(keras.saving.serialize_keras_object(model)),
        custom_objects=classes,
        safe_mode=False,
    )
    if not copy.built:
        signature.call(copy, lambda x: keras.KerasTensor(x.shape, x.dtype))
    _load_weights(copy, model)
    return copy


def _within(layer: Any) -> Iterator[Any]:
    yield layer
    for inner in reads.inner_layers(layer):
        yield from _within(inner)


def _load_weights(copy: Any, model: Any) -> None:
    """Give a copy the weights, and what else `.keras` files keep of a model."""
    if not isinstance(model, keras.Model):
        copy.set_weights(model.get_weights())
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        model.save_weights(path)
        copy.load_weights(path)


def in_float64(config: Any, key: str = "") -> Any:
    """Return a configuration with float64 in place of narrower floating dtypes."""
    if isinstance(config, Mapping):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {**config["config"], "name": FLOAT64}}
        return {name: in_float64(one, str(name)) for name, one in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(in_float64(one, key) for one in config)
    if "dtype" in key and isinstance(config, str) and config in _NARROWER:
        return FLOAT64
    return config
