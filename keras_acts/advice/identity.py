"""Which activation something is: a name, a function, a layer, Keras's or ours."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from keras_acts import catalogue, functional, layers
from keras_acts._conversion import LAYERS, NAMES
from keras_acts._identifiers import PACKAGE
from keras_acts._plot_arguments import parsed
from keras_acts.bases import ActivationLayer

_SLOPES = {"PReLU": "alpha", "LeakyReLU": "negative_slope", "ReLU": "negative_slope"}
"""What `slope` is called by the layers that have one below 0."""


@dataclass(frozen=True)
class Known:
    """An activation.

    Attributes:
        name: Its name in the catalogue; None where it isn't there.
        label: What to call it in a message.
        layer: Our layer with the same arguments; None where there is none.
        function: A function or layer that is not in the catalogue.
        weights: Values of learned arguments that the layer does not hold itself.
    """

    name: str | None
    label: str
    layer: ActivationLayer | None = None
    function: Callable[[Any], Any] | None = None
    weights: Mapping[str, Any] = field(default_factory=dict)


def identify(activation: Any, **arguments: Any) -> Known:
    """Return which activation something is.

    Args:
        activation: A name of the catalogue or of Keras, a function, a layer, or a
            class of layers; None stands for linear.
        **arguments: Arguments of the activation's layer; `slope` is the one below 0.

    Raises:
        ValueError: No activation has that name, or it does not take these arguments.
        TypeError: It is nothing of these kinds.
    """
    if isinstance(activation, functools.partial):
        given = {**activation.keywords, **arguments}
        return identify(activation.func, **given)
    if activation is None:
        return _ours("Linear", arguments)
    if isinstance(activation, str):
        return _named(activation, arguments)
    if isinstance(activation, type) and issubclass(activation, keras.layers.Layer):
        return _of_class(activation, arguments)
    if isinstance(activation, keras.layers.Layer):
        _refuse_arguments(activation, arguments)
        return _of_layer(activation)
    if isinstance(activation, keras.Operation):
        _refuse_arguments(activation, arguments)
        return _of_operation(activation)
    if callable(activation):
        return _of_function(activation, arguments)
    raise TypeError(
        "`activation` must be a name, a function, a layer or a class of layers. "
        f"Received: activation={activation!r}"
    )


def _named(name: str, arguments: Mapping[str, Any]) -> Known:
    plain = name.removeprefix(f"{PACKAGE}>").replace(" ", "")
    if ":" in plain:
        plain, given = parsed(plain)
        arguments = {**given, **arguments}
    try:
        row = catalogue.find(plain)
    except ValueError:
        if plain not in NAMES:
            raise
        ours, defaults = NAMES[plain]
        return _ours(ours, {**defaults, **arguments})
    return _ours(row.name, arguments)


def _of_class(cls: Any, arguments: Mapping[str, Any]) -> Known:
    if issubclass(cls, ActivationLayer):
        return _ours(cls.__name__, arguments)
    given = dict(arguments)
    if cls.__name__ in LAYERS and "slope" in given and cls is not keras.layers.PReLU:
        given[_slope_of(cls.__name__, arguments)] = given.pop("slope")
    if cls is keras.layers.PReLU:
        start = 0.0 if "alpha_initializer" not in given else None
        if start is not None:
            given.setdefault("slope", start)
        return _ours("PReLU", given)
    return _of_layer(_made(cls, given))


def _made(cls: Any, arguments: Mapping[str, Any]) -> Any:
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        reason = str(error).partition(" Received:")[0].rstrip(".")
        raise ValueError(
            f"{cls.__name__} can't be made of these arguments: {reason}. "
            f"Received: {dict(arguments)}"
        ) from error


def _of_layer(layer: Any) -> Known:
    if isinstance(layer, keras.layers.Activation):
        return identify(layer.activation)
    if isinstance(layer, ActivationLayer):
        name = type(layer).__name__
        known = name in catalogue.activations()
        return Known(name if known else None, name, layer)
    cls = type(layer)
    name = cls.__name__
    if name in LAYERS and cls is getattr(keras.layers, name):
        if name == "PReLU":
            return _keras_prelu(layer)
        return _ours(name, {key: getattr(layer, key) for key in LAYERS[name]})
    return Known(None, f"{name} '{layer.name}'", function=layer)


def _keras_prelu(layer: Any) -> Known:
    initializer = layer.alpha_initializer
    ours = layers.PReLU(alpha_initializer=initializer)
    if not layer.built:
        return Known("PReLU", "PReLU", ours)
    alpha = keras.ops.convert_to_numpy(layer.alpha)
    return Known("PReLU", "PReLU", ours, weights={"alpha": alpha})


def _of_operation(operation: Any) -> Known:
    """Return the activation of an operation in the graph of a Functional model."""
    function = getattr(operation, "function", None)
    if isinstance(function, str) and function in functional.__all__:
        return _of_function(getattr(functional, function), {})
    name = type(operation).__name__
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if not type(operation).__module__.startswith("keras.") or snake not in NAMES:
        return Known(None, name, function=operation)
    ours, defaults = NAMES[snake]
    accepted = catalogue.find(ours).defaults
    own = {key: value for key, value in vars(operation).items() if key in accepted}
    if snake == "gelu":
        own["approximate"] = "tanh" if operation.approximate else "none"
    return _ours(ours, {**defaults, **own})


def _of_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Known:
    name = getattr(function, "__name__", type(function).__name__)
    if getattr(functional, name, None) is function:
        try:
            return _ours(catalogue.find(name).name, arguments)
        except ValueError:
            return Known(None, name, function=function)
    for theirs, (ours, defaults) in NAMES.items():
        if getattr(keras.activations, theirs, None) is function:
            return _ours(ours, {**defaults, **_renamed(ours, arguments)})
    if function is keras.activations.linear:
        return _ours("Linear", arguments)
    if arguments:
        function = functools.partial(function, **arguments)
    return Known(None, name, function=function)


def _ours(name: str, arguments: Mapping[str, Any]) -> Known:
    """Return our layer of that name with these arguments."""
    row = catalogue.find(name)
    given = _renamed(name, arguments)
    unknown = set(given) - set(row.defaults) - {"channels"}
    learned = {key: given.pop(key) for key in sorted(unknown) if _is_learned(row, key)}
    unknown -= set(learned)
    for key, value in learned.items():
        if not _is_numeric(value):
            raise ValueError(
                f"`{key}` of {name} must be a number, or an array of numbers. "
                f"Received: {key}={value!r}"
            )
    if unknown:
        takes = ", ".join([*row.defaults, *_learned_names(row)]) or "none"
        raise ValueError(
            f"{name} takes these arguments: {takes}. "
            f"Received: {', '.join(f'{key}={given[key]!r}' for key in sorted(unknown))}"
        )
    return Known(name, name, _with_arguments(row, given), weights=learned)


def _is_numeric(value: Any) -> bool:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return bool(np.isfinite(array).all())


def _with_arguments(row: catalogue.Activation, given: Mapping[str, Any]) -> Any:
    required = {key: 1 for key, value in row.defaults.items() if value is ...}
    return _made(row.layer, {**required, **given})


def _renamed(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(arguments)
    if "slope" in given and name in _SLOPES:
        given[_slope_of(name, arguments)] = given.pop("slope")
    return given


def _slope_of(name: str, arguments: Mapping[str, Any]) -> str:
    """Return what the slope is called by a layer.

    Raises:
        ValueError: It is given by that name, too.
    """
    own = _SLOPES[name]
    if own in arguments:
        raise ValueError(
            f"`slope` is `{own}` of {name}, so that one of the two must be left out. "
            f"Received: slope={arguments['slope']!r}, {own}={arguments[own]!r}"
        )
    return own


def _is_learned(row: catalogue.Activation, key: str) -> bool:
    return key in _learned_names(row)


def _learned_names(row: catalogue.Activation) -> list[str]:
    """Return the learned arguments of an activation by name."""
    suffix = "_initializer"
    return [
        key.removesuffix(suffix)
        for key in row.defaults
        if key.endswith(suffix) and key.removesuffix(suffix) not in row.defaults
    ]


def _refuse_arguments(activation: Any, arguments: Mapping[str, Any]) -> None:
    if arguments:
        raise ValueError(
            "A layer has its arguments already; give its class or its name with "
            f"others. Received: {type(activation).__name__} with {dict(arguments)}"
        )
