"""What Keras 2 called an argument of a layer, and what it is in Keras 3."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts import functional
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.keras2.advice import ANOTHER_WAY

RENAMED: Mapping[str, Mapping[str, str]] = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "InputLayer": {"batch_input_shape": "batch_shape"},
}
"""New names of arguments, by layer."""

WITHOUT_EFFECT = frozenset(
    {
        *("batch_input_shape", "input_length"),  # told by the input
        *("query_shape", "key_shape", "value_shape"),
        *("vocabulary_size", "has_input_vocabulary"),  # told by the vocabulary
        *("implementation", "fused", "rng_type", "softmax_robust_masking"),  # speed
        *("kernel_initializer", "kernel_regularizer", "kernel_constraint"),
        *("autocast", "idf_weights_size", "experimental_autocast"),
    }
)
"""Arguments that Keras 3 lacks and that change no answer of a trained model, such as
the initializer of a separable convolution's kernel, of which it has none."""

DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "adjustment": (None,),
    "groups": (1,),
    "ragged": (False, None),
    "renorm": (False,),
    "sparse": (False, None),
    "time_major": (False,),
    "trainable": (True, False),
    "unroll": (False,),
    "virtual_batch_size": (None,),
}
"""Arguments that Keras 3 lacks, and the values with which it does the same."""

ALWAYS = frozenset({"name", "trainable", "dtype", "activity_regularizer"})
"""Arguments that each layer takes."""

ACTIVATIONS: Mapping[str, Callable[..., Any]] = {
    # Keras 3 has a slope of 1/6 in place of 0.2.
    "hard_sigmoid": lambda x: functional.hard_sigmoid(x, slope=0.2, offset=0.5),
}
"""Activations that Keras 3 computes otherwise under the same name."""

_IN_ACTIVATIONS = ("activation", "recurrent_activation")


def translated(name: str, layer: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a layer as Keras 3 takes them.

    Args:
        name: The class that Keras 2 names.
        layer: The class in Keras 3.
        config: The layer's configuration; what is nested in it is translated already.

    Raises:
        UnsupportedOperationError: Keras 3 has no argument that does the same.
    """
    renamed = RENAMED.get(name, {})
    parameters, takes_any = _parameters(layer)
    result = {}
    for key, value in config.items():
        new = renamed.get(key, key)
        if new in parameters or (takes_any and new in ALWAYS):
            result[new] = _value(name, new, value)
        elif key not in WITHOUT_EFFECT and value not in DEFAULTS.get(key, ()):
            raise UnsupportedOperationError(
                f"Keras 3 has no argument of {name} that does what Keras 2's {key!r} "
                f"does. {ANOTHER_WAY} "
                f"Received: {name}({key}={value!r}), the layer {config.get('name')!r}"
            )
    return result


def _parameters(layer: type) -> tuple[frozenset[str], bool]:
    """Return the arguments of a constructor, and whether it passes others on."""
    found = inspect.signature(layer).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in found.values())
    return frozenset(found), takes_any


def _value(layer: str, key: str, value: Any) -> Any:
    if key == "dtype":
        return policy(value)
    if key in _IN_ACTIVATIONS or (layer, key) == ("Activation", "activation"):
        return ACTIVATIONS.get(value, value) if isinstance(value, str) else value
    if layer == "BatchNormalization" and key == "axis" and isinstance(value, list):
        return _only(value)
    if key in ("batch_shape", "axis", "target_shape") and isinstance(value, list):
        return tuple(value)
    return value


def policy(value: Any) -> Any:
    """Return the dtype or the name of a dtype policy."""
    if isinstance(value, Mapping):
        return value["config"]["name"]
    return value


def _only(axes: list[int]) -> int:
    if len(axes) != 1:
        raise UnsupportedOperationError(
            f"Keras 3 normalizes a batch along one axis. {ANOTHER_WAY} "
            f"Received: BatchNormalization(axis={axes})"
        )
    return axes[0]


def is_object(value: Any) -> bool:
    """Whether a value of a configuration stands for an object of Keras."""
    return isinstance(value, Mapping) and {"class_name", "config"} <= value.keys()


def from_keras(kind: str, value: Mapping[str, Any]) -> Any:
    """Return an initializer, a regularizer or a constraint of a configuration."""
    config = {k: v for k, v in value["config"].items() if k != "dtype"}
    module = getattr(keras, f"{kind}s")
    return module.get({"class_name": value["class_name"], "config": config})
