"""A copy of a Keras model that computes in float64: the witness of a verification.

The copy is made by Keras alone: its configuration with every floating dtype replaced by
float64, and its weights, saved and loaded. No converter has a part in it, so a fault of
one can't be its own witness.

Where Keras can't copy it, the model itself computes in float64 for a while: a
subclassed model without a usable `get_config`, a function. One of float64 is its own
copy: most backends of Keras round its results to float32 between the operations, unless
they are told not to.

There is none of quantized weights; nor does one help where the model's own code casts
to float32.
"""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from keras_acts.export.parity.compare import NoTwinError
from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.reference.widened import FLOAT64, widened
from keras_acts.export.parity.tolerances import PRECISIONS, Array
from keras_acts.export.trace import Signature, TracedInput
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.keras_patches.float64 import float64_kept

_MAP = keras.dtype_policies.DTypePolicyMap
_NARROWER = {*PRECISIONS, "mixed_float16", "mixed_bfloat16"} - {FLOAT64}


@dataclass(frozen=True)
class Twin:
    """A copy of a model in float64.

    Attributes:
        model: The copy, or the model itself.
        signature: Its inputs, floats in float64.
        in_place: Whether it is the model itself, in another dtype than its own.
    """

    model: Any
    signature: Signature
    in_place: bool = False

    @classmethod
    def of(cls, model: Any, signature: Signature) -> Twin:
        """Copy a model.

        Raises:
            NoTwinError: It can't be copied.
        """
        if keras.backend.backend() == "openvino":
            raise NoTwinError("OpenVINO computes in float32")
        if keras_calls.compute_precision(model) == FLOAT64:
            return cls(model, signature)
        for layer in within(model):
            if getattr(layer, "quantization_mode", None):
                raise NoTwinError(f"'{layer.name}' is quantized")
        wide = Signature(*signature.map(_in_float64))
        try:
            with float64_kept(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the model, which is as it was
                return cls(_copied(model, wide), wide)
        except Exception as error:  # whatever the code of the model raises
            if any(isinstance(x.dtype_policy, _MAP) for x in within(model)):
                raise NoTwinError(
                    "Keras can't copy it, and its map of dtypes would be changed"
                ) from error
            return cls(model, wide, in_place=True)

    @contextlib.contextmanager
    def computing(self) -> Iterator[None]:
        """Compute in float64 in a `with` block, in this thread."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(float64_kept())
            if self.in_place:
                stack.enter_context(widened(self.model, list(within(self.model))))
            yield

    def answers(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs by name, for inputs by name.

        Raises:
            NoTwinError: An output is narrower than float64.
        """
        with keras_calls.unchanged(self.model), self.computing():
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
    classes = {
        _full_name(type(layer).__module__, type(layer).__name__): type(layer)
        for layer in within(model)
        if type(layer).__module__.partition(".")[0] != "keras"
    }
    config = in_float64(keras.saving.serialize_keras_object(model))
    copy = keras.saving.deserialize_keras_object(
        _by_full_name(config, classes),
        custom_objects=classes,
        safe_mode=False,
    )
    if not copy.built:
        signature.call(copy, lambda x: keras.KerasTensor(x.shape, x.dtype))
    _load_weights(copy, model)
    return copy


def _full_name(module: str, name: str) -> str:
    return f"{module}>{name}"


def _by_full_name(config: Any, classes: Mapping[str, type]) -> Any:
    """Return a configuration that names classes with their modules.

    By its name alone a class of the user's would take the place of another one, as a
    layer `Add` that of the operation.
    """
    if isinstance(config, list | tuple):
        return type(config)(_by_full_name(one, classes) for one in config)
    if not isinstance(config, Mapping):
        return config
    named = {key: _by_full_name(one, classes) for key, one in config.items()}
    full = _full_name(str(config.get("module")), str(config.get("class_name")))
    return {**named, "registered_name": full} if full in classes else named


def within(layer: Any) -> Iterator[Any]:
    """Yield a layer and all layers in it."""
    yield layer
    for inner in reads.inner_layers(layer):
        yield from within(inner)


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
