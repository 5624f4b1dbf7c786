"""Models with Keras's activations turned into models with ours, and back.

A model is rebuilt from its configuration, in which each activation is replaced: a
layer such as `keras.layers.ReLU`, and a name such as `Dense(activation="relu")`. All
else stays as it is, names included, and the weights are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

ARGUMENTS = ("activation", "recurrent_activation")
"""The arguments of Keras's layers that take an activation."""

NAMES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "celu": ("CELU", {}),
    "elu": ("ELU", {}),
    "exponential": ("Exponential", {}),
    "gelu": ("GELU", {}),
    "glu": ("GLU", {}),
    "hard_shrink": ("HardShrink", {}),
    "hard_sigmoid": ("HardSigmoid", {}),
    "hard_silu": ("HardSwish", {}),
    "hard_swish": ("HardSwish", {}),
    "hard_tanh": ("HardTanh", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.2}),
    "log_sigmoid": ("LogSigmoid", {}),
    "log_softmax": ("LogSoftmax", {}),
    "mish": ("Mish", {}),
    "relu": ("ReLU", {}),
    "relu6": ("ReLU6", {}),
    "selu": ("SELU", {}),
    "sigmoid": ("Sigmoid", {}),
    "silu": ("Swish", {}),
    "soft_shrink": ("SoftShrink", {}),
    "softmax": ("Softmax", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "sparse_plus": ("SparsePlus", {}),
    "sparse_sigmoid": ("SparseSigmoid", {}),
    "sparsemax": ("Sparsemax", {}),
    "squareplus": ("Squareplus", {}),
    "swish": ("Swish", {}),
    "tanh": ("Tanh", {}),
    "tanh_shrink": ("TanhShrink", {}),
}
"""Each name that Keras knows, the layer that it stands for, and that one's arguments.
`linear` stays: it computes nothing."""

LAYERS: Mapping[str, tuple[str, ...]] = {
    "ELU": ("alpha",),
    "LeakyReLU": ("negative_slope",),
    "PReLU": (
        "alpha_initializer",
        "alpha_regularizer",
        "alpha_constraint",
        "shared_axes",
    ),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Softmax": ("axis",),
}
"""Keras's activation layers, which ours are named like, and the arguments of both."""

_COMMON = ("name", "trainable", "dtype")


def from_keras(model: Any) -> Any:
    """Return a model with our activations in place of Keras's own, weights kept.

    Keras's layers `ELU`, `LeakyReLU`, `PReLU`, `ReLU`, `Softmax` and each activation
    that a layer has by name, `Dense(8, activation="mish")`, are replaced, in nested
    models and wrappers too. Answers are the same up to rounding, but for sparsemax,
    which Keras computes wrongly.

    Args:
        model: A model that can be made from its configuration. It is left as it is.

    Returns:
        A new model, whose layers and weights have the names that they had.

    Raises:
        ValueError: The model has no configuration.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU()])
        >>> type(layers.from_keras(model).layers[0]).__module__
        'keras_acts.layers.relu.fixed'
    """
    return _rebuilt(model, _our_layer, _our_activation)


def to_keras(model: Any) -> Any:
    """Return a model with Keras's activations in place of ours, weights kept.

    The reverse of `from_keras`. An activation that Keras does not have, or not with
    these arguments, stays.

    Args:
        model: A model that can be made from its configuration. It is left as it is.

    Returns:
        A new model, whose layers and weights have the names that they had.

    Raises:
        ValueError: The model has no configuration.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), layers.ReLU()])
        >>> type(layers.to_keras(model).layers[0]).__module__.split(".")[0]
        'keras'
    """
    return _rebuilt(model, _keras_layer, _keras_activation)


def _rebuilt(
    model: Any, layer: Callable[[Any], Any], activation: Callable[[Any], Any]
) -> Any:
    try:
        config = keras.saving.serialize_keras_object(model)
    except NotImplementedError as error:
        raise ValueError(
            "`model` must be a model that can be made from its configuration: "
            "Sequential, Functional, or with a `get_config` of its own. "
            f"Received: model={model!r}"
        ) from error
    with keras.saving.custom_object_scope(_custom_classes(model)):
        twin = keras.saving.deserialize_keras_object(
            _replaced(config, layer, activation)
        )
    if not twin.built and model.built:
        twin.build(model.input_shape)
    twin.set_weights(model.get_weights())
    return twin


def _custom_classes(model: Any) -> dict[str, type]:
    """Return the classes of all layers by name, since some may not be registered."""
    found = {type(model).__name__: type(model)}
    for layer in getattr(model, "layers", ()):
        found |= _custom_classes(layer)
    return found


def _replaced(
    config: Any, layer: Callable[[Any], Any], activation: Callable[[Any], Any]
) -> Any:
    """Return a configuration with its activations replaced, from the inside out."""
    if isinstance(config, list | tuple):
        return type(config)(_replaced(one, layer, activation) for one in config)
    if not isinstance(config, dict):
        return config
    made = {
        key: activation(value)
        if key in ARGUMENTS
        else _replaced(value, layer, activation)
        for key, value in config.items()
    }
    return layer(made)


def _serialized(cls: type, config: Mapping[str, Any], like: Mapping[str, Any]) -> Any:
    """Return a layer's serialized form, which keeps what `like` has of the old one."""
    made = keras.saving.serialize_keras_object(cls(**config))
    kept = {
        key: like["config"][key] for key in _COMMON if key in like.get("config", {})
    }
    return {**like, **made, "config": {**made["config"], **kept}}


def _is_from(config: Mapping[str, Any], package: str) -> bool:
    module = str(config.get("module"))
    registered = str(config.get("registered_name"))
    return (
        "class_name" in config
        and isinstance(config.get("config"), dict)
        and (module.split(".")[0] == package or registered.startswith(f"{package}>"))
    )


def _our_layer(config: dict[str, Any]) -> dict[str, Any]:
    from keras_acts import layers

    name = str(config.get("class_name"))
    if name not in LAYERS or not _is_from(config, "keras"):
        return config
    arguments = {k: config["config"][k] for k in LAYERS[name] if k in config["config"]}
    if name == "PReLU" and arguments.get("shared_axes") is None:
        arguments["sharing"] = "none"
    return dict(_serialized(getattr(layers, name), _objects(arguments), config))


def _keras_layer(config: dict[str, Any]) -> dict[str, Any]:
    name = str(config.get("class_name"))
    if not _is_from(config, "keras_acts"):
        return config
    if name in LAYERS and _has_keras_form(config["config"], name):
        own = {k: config["config"][k] for k in LAYERS[name] if k in config["config"]}
        cls = getattr(keras.layers, name)
        return dict(_serialized(cls, _objects(own), config))
    found = _keras_activation(config)
    if isinstance(found, dict):
        return config
    return dict(_serialized(keras.layers.Activation, {"activation": found}, config))


def _has_keras_form(config: Mapping[str, Any], name: str) -> bool:
    is_slope = name == "PReLU"
    return not is_slope or config["sharing"] == "none" or bool(config["shared_axes"])


def _objects(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: keras.saving.deserialize_keras_object(value)
        if isinstance(value, dict)
        else value
        for name, value in arguments.items()
    }


def _our_activation(value: Any) -> Any:
    from keras_acts import layers

    if value not in NAMES if isinstance(value, str) else True:
        return value
    name, arguments = NAMES[value]
    layer = getattr(layers, name)(**arguments)
    return keras.saving.serialize_keras_object(layer)


def _keras_activation(value: Any) -> Any:
    from keras_acts import layers

    if not isinstance(value, dict) or not _is_from(value, "keras_acts"):
        return value
    for keras_name, (name, arguments) in NAMES.items():
        if name != value["class_name"]:
            continue
        own = getattr(layers, name)(**arguments).get_config()
        if all(
            own[key] == given
            for key, given in value["config"].items()
            if key in own and key not in _COMMON
        ):
            return keras_name
    return value
