"""Layers of Keras 3 from the configurations of Keras 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts import layers
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.keras2 import arguments
from keras_acts.export.keras2.advice import ANOTHER_WAY

MODELS = ("Sequential", "Functional", "Model")
"""What Keras 2 calls models that consist of layers."""

GONE: Mapping[str, type] = {"ThresholdedReLU": layers.ThresholdedReLU}
"""Layers that Keras 3 has no more, and this package has."""

RENAMED = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "GRUV2": "GRU",
    "LSTMV2": "LSTM",
    "SyncBatchNormalization": "BatchNormalization",
}
"""Classes that had another name."""

_OBJECTS = ("initializer", "regularizer", "constraint")

NestedModel = Callable[[Mapping[str, Any]], keras.Model]


class LayerFactory:
    """Makes layers of one file.

    Args:
        model: Makes a nested model of its description.
        unsafe: Whether the code of Lambda layers may be loaded.
    """

    def __init__(self, model: NestedModel, *, unsafe: bool) -> None:
        self._model = model
        self._unsafe = unsafe

    def make(self, described: Mapping[str, Any]) -> keras.layers.Layer:
        """Return the layer that a configuration describes.

        Raises:
            UnsupportedOperationError: There is none in Keras 3.
        """
        name = described["class_name"].rpartition(">")[2]
        if name in MODELS:
            return self._model(described)
        if (custom := _registered(described)) is not None:
            return custom.from_config(dict(described["config"]))
        if name == "Lambda":
            return self._lambda(described["config"])
        name = RENAMED.get(name, name)
        made = GONE.get(name) or getattr(keras.layers, name, None)
        if made is None:
            raise UnsupportedOperationError(
                "The model has a layer that Keras 3 lacks. Import the module that "
                f"registers it (--import MODULE). {ANOTHER_WAY} "
                f"Received: {described['class_name']}, the layer "
                f"{described['config'].get('name')!r}"
            )
        config = {k: self._nested(k, v) for k, v in described["config"].items()}
        return made(**arguments.translated(name, made, config))

    def _nested(self, key: str, value: Any) -> Any:
        """Return an argument, with what is described in it made."""
        if isinstance(value, list):
            return [self._nested(key, item) for item in value]
        if not arguments.is_object(value) or key == "dtype":
            return value
        kind = next((kind for kind in _OBJECTS if key.endswith(kind)), None)
        return arguments.from_keras(kind, value) if kind else self.make(value)

    def _lambda(self, config: Mapping[str, Any]) -> keras.layers.Layer:
        if not self._unsafe:
            raise ValueError(
                "The model holds a Lambda layer, whose code is unsafe to load from a "
                "file that you do not trust. Received: the layer "
                f"{config.get('name')!r}"
            )
        if config.get("function_type") != "lambda":
            raise UnsupportedOperationError(
                "A Lambda layer must hold its function to be loaded; this one names a "
                "function of the program that made it. "
                f"Received: {config['function']!r}"
            )
        kept = {k: config[k] for k in ("name", "arguments") if k in config}
        dtype = arguments.policy(config.get("dtype"))
        function = _code(config["function"])
        return keras.layers.Lambda.from_config(
            {"function": function, "dtype": dtype, **kept}, safe_mode=False
        )


def _code(function: Any) -> dict[str, Any]:
    """Return the code of a lambda expression as Keras 3 describes it."""
    code, defaults, closure = function
    config = {"code": code, "defaults": defaults, "closure": closure}
    return {"class_name": "__lambda__", "config": config}


def _registered(described: Mapping[str, Any]) -> Any:
    """Return the class that the user has registered, None without one."""
    names = (described.get("registered_name"), described["class_name"])
    found = map(keras.saving.get_registered_object, filter(None, names))
    return next(filter(None, found), None)
