"""What is to be drawn: names with arguments, layers and functions become subjects."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts import catalogue, layers
from keras_acts._conversion import LAYERS, NAMES
from keras_acts._learnable import LearnableActivationLayer
from keras_acts._plot_arguments import COMMON, check_arguments, parsed, settable
from keras_acts.layers._base import ActivationLayer, ShapedActivationLayer
from keras_acts.plotting.numbers import Precision, precision_of

_UNNAMED = "plotted"
"""The name of layers that are made to be drawn: Keras counts those without one."""

_MANY = 5
"""A number of channels that no weight of another shape has."""


@dataclass(frozen=True)
class Subject:
    """One activation to draw.

    Attributes:
        name: What it is called.
        formula: Its definition; empty where it is unknown.
        layer: The layer, built; None for a plain function.
        call: Applies it to a tensor, with `learned` in place of its weights where it
            has some.
        learned: Its weights by name, where each element or channel has one of each.
        arguments: Its own numbers by name, which can be varied.
        given: What was said of its arguments, such as `negative_slope=0.2`.
        fresh: Whether it was asked for by its name alone.
        was_built: Whether it came with weights.
        float64: Whether it can compute in float64.
        band: The functions between which it is drawn at random in training.
    """

    name: str
    formula: str
    layer: Any
    call: Callable[..., Any]
    learned: Mapping[str, np.ndarray] = field(default_factory=dict)
    arguments: Mapping[str, float] = field(default_factory=dict)
    given: str = ""
    fresh: bool = False
    was_built: bool = False
    float64: bool = True
    band: tuple[Callable[..., Any], ...] = ()

    @property
    def precision(self) -> Precision:
        """What can be told of it on this backend."""
        return precision_of(keras.backend.backend(), self.float64)


def subject(activation: Any) -> Subject:
    """Return what an argument of `plot` names.

    Raises:
        TypeError: It is no name, layer or function.
        ValueError: No activation has the name, or it has no such arguments.
    """
    if isinstance(activation, str):
        return _named(activation)
    if isinstance(activation, catalogue.Activation):
        return _named(activation.name)
    if isinstance(activation, keras.Model):
        raise TypeError(
            "plot draws activations, not models: give the layers, such as "
            f"`model.layers[1]`. Received: the model {activation.name!r}"
        )
    if isinstance(activation, keras.layers.Layer):
        return _layer(activation)
    if inspect.isclass(activation):
        raise TypeError(
            "An activation must be a name, a layer or a function; make a layer of the "
            f"class: `{activation.__name__}()`. "
            f"Received: the class {activation.__name__}"
        )
    if callable(activation):
        return _function(activation)
    raise TypeError(
        "An activation must be a name, a layer or a function. "
        f"Received: {activation!r} of type {type(activation).__name__}"
    )


def _named(text: str) -> Subject:
    """Return the subject of `"prelu"` or of `"leaky_relu:negative_slope=0.2"`.

    Raises:
        ValueError: There is no such activation or argument, or it refuses the value.
    """
    name, arguments = parsed(text)
    row = catalogue.find(name)
    check_arguments(row.name, arguments, settable(row.defaults))
    known = {*row.defaults, *COMMON}
    layer = made(row, {k: v for k, v in arguments.items() if k in known})
    given = ", ".join(f"{k}={_short(v)}" for k, v in arguments.items())
    found = _of(layer, ours=True, given=given, fresh=not arguments)
    weights = {k: v for k, v in arguments.items() if k not in known}
    return _with_weights(found, weights) if weights else found


def _with_weights(one: Subject, weights: Mapping[str, Any]) -> Subject:
    """Return a subject with numbers in the place of learned parameters."""
    for name, value in weights.items():
        if name not in one.learned or not isinstance(value, int | float):
            raise ValueError(
                f"{one.name} takes numbers for {', '.join(one.learned) or 'nothing'}; "
                "set other weights on a layer and draw that. "
                f"Received: {name}={value!r}"
            )
        one.layer.function.check(**{name: value})
    numbers = {name: np.full(1, float(value)) for name, value in weights.items()}
    return replace(one, learned={**one.learned, **numbers}, fresh=False)


def made(row: catalogue.Activation, arguments: Mapping[str, Any]) -> Any:
    """Make a layer of the catalogue, with 1 for what it requires.

    Raises:
        ValueError: The layer refuses an argument.
    """
    required = {key: 1 for key, value in row.defaults.items() if value is ...}
    return row.layer(name=_UNNAMED, **{**required, **arguments})


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _layer(layer: Any) -> Subject:
    """Return the subject of a layer of ours, of Keras, or of somebody else."""
    if isinstance(layer, ActivationLayer):
        return _of(layer)
    name = type(layer).__name__
    if type(layer).__module__.startswith("keras."):
        if name == "Activation":
            return _function(layer.activation)
        if name in LAYERS:
            return _of_keras(layer)
    held = getattr(layer, "activation", None)
    if callable(held) and _is_host(layer, held):
        inner = subject(held)
        return replace(inner, name=f"{inner.name} of {layer.name}")
    if not layer.built:
        _build(layer)
    accepts = _takes_training(layer)
    return Subject(
        name, "", layer, lambda x: layer(x, **accepts), float64=False, given=""
    )


def _is_host(layer: Any, held: Any) -> bool:
    """Whether a layer does more than to apply the activation that it holds."""
    inside = {id(one) for one in getattr(held, "variables", ())}
    own = any(id(one) not in inside for one in layer.variables)
    return own or type(layer).__module__.startswith("keras.")


def _takes_training(layer: Any) -> dict[str, Any]:
    taken = inspect.signature(layer.call).parameters
    return {"training": False} if "training" in taken else {}


def _of_keras(layer: Any) -> Subject:
    """Return the subject of our counterpart of one of Keras's activation layers."""
    name = type(layer).__name__
    config = layer.get_config()
    ours = getattr(layers, name)(
        name=_UNNAMED, **{key: config[key] for key in LAYERS[name]}
    )
    found = _of(ours)
    alpha = getattr(layer, "alpha", None)
    if name != "PReLU" or alpha is None:
        return found
    return replace(found, learned={"alpha": _numbers(alpha)}, fresh=False)


def _function(function: Any) -> Subject:
    """Return the subject of a function of one tensor."""
    name = getattr(function, "__name__", type(function).__name__)
    module = getattr(function, "__module__", "") or ""
    for row in catalogue.activations().values():
        if row.function is not None and function is row.function:
            return _of(made(row, {}), ours=True)
    if module.startswith("keras.") and name in NAMES:
        layer, arguments = NAMES[name]
        given = ", ".join(f"{k}={_short(v)}" for k, v in arguments.items())
        layer = made(catalogue.find(layer), arguments)
        return _of(layer, ours=True, given=given)
    return Subject(name.replace("<lambda>", "f"), "", None, function)


def _build(layer: Any) -> Any:
    """Build a layer that has not seen an input, for one channel where it can."""
    for shape in ((None, 1), (None, 2)):
        with contextlib.suppress(ValueError):
            return layer.build(shape)
    return layer.build((None, 1, 1))  # one that reads neighbours


def _of(
    layer: Any, *, ours: bool = False, given: str = "", fresh: bool = False
) -> Subject:
    """Return the subject of an activation layer, `ours` if nobody else has it."""
    was_built = bool(layer.weights) and not layer.awaits_weights
    if layer.awaits_weights or not (layer.built or layer.weights):
        # Copying asks Keras for the layer's config, for which it imports TensorFlow.
        layer = layer if ours else _copy(layer)
        _build(layer)
    summary = (inspect.getdoc(type(layer)) or "").split("\n", 1)[0]
    _, colon, formula = summary.partition(": ")
    formula = formula.replace("`", "").rstrip(".") if colon else ""
    learned, fixed = _weights(layer)
    if not was_built:
        learned = {name: _typical(layer, name, w) for name, w in learned.items()}
    arguments = {k: v for k, v in layer.arguments.items() if k != "axis"}
    arguments |= {"axis": -1} if "axis" in layer.arguments else {}
    return Subject(
        name=type(layer).__name__,
        formula=formula,
        layer=layer,
        call=_call(layer, {**arguments, **fixed}),
        learned=learned,
        arguments={k: float(v) for k, v in arguments.items() if _is_number(k, v)},
        given=given,
        fresh=fresh or (bool(learned) and not was_built),
        was_built=was_built,
        float64=_is_pure(layer),
        band=tuple(
            _call(layer, {**arguments, **fixed, **extreme})
            for extreme in getattr(layer, "extremes", ())
        ),
    )


def _copy(layer: Any) -> Any:
    """Return a layer of the same arguments, so that the given one stays unbuilt."""
    config = {**layer.get_config(), "name": _UNNAMED}
    return type(layer).from_config(config)


def _is_number(key: str, value: Any) -> bool:
    if key in ("axis", "units", "pieces", "seed"):
        return False
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pure(layer: Any) -> bool:
    """Whether the function can be called in float64 in place of the layer."""
    return getattr(type(layer), "function", None) is not None


def _call(layer: Any, arguments: Mapping[str, Any]) -> Callable[..., Any]:
    if not _is_pure(layer):
        accepts = _takes_training(layer)
        return lambda x: layer(x, **accepts)
    function = type(layer).function
    taken = inspect.signature(function).parameters
    usable = {key: value for key, value in arguments.items() if key in taken}

    def call(x: Any, **learned: Any) -> Any:
        return function(x, **{**usable, **learned})

    return call


def _weights(
    layer: Any,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the weights that each channel or element has, and all others."""
    if not _is_pure(layer) or not layer.weights:
        return {}, {}
    named = {name: _numbers(weight) for name, weight in layer.learned.items()}
    if isinstance(layer, LearnableActivationLayer):
        return named, {}
    if not isinstance(layer, ShapedActivationLayer):
        return {}, named
    shapes = layer.weight_shapes((None, _MANY))
    if not any(_MANY in shape for shape in shapes.values()):
        return {}, named
    return named, {}


def _typical(layer: Any, name: str, drawn: np.ndarray) -> np.ndarray:
    """Return an initial value, and one that stands for it where it is drawn."""
    initializer = getattr(layer, f"{name}_initializer", None)
    middle = _middle(initializer)
    if middle is None:
        return drawn
    default = inspect.signature(type(layer).function).parameters[name].default
    return np.full(1, middle if default is inspect.Parameter.empty else default)


def _middle(initializer: Any) -> float | None:
    """Return the mean of what an initializer draws, None for one that does not."""
    if isinstance(initializer, keras.initializers.RandomUniform):
        return float(initializer.minval + initializer.maxval) / 2
    drawn = keras.initializers.RandomNormal, keras.initializers.TruncatedNormal
    return float(initializer.mean) if isinstance(initializer, drawn) else None


def _numbers(weight: Any) -> np.ndarray:
    return np.array(ops.convert_to_numpy(weight), "float64")


def distinct(activations: Iterable[Any]) -> list[Any]:
    """Return activations in order, each name with its arguments, and object, once.

    Two equal curves would look like one.

    Raises:
        ValueError: A name is none of the catalogue's.
    """
    found: dict[Hashable, Any] = {}
    for one in activations:
        found.setdefault(_identity(one), one)
    return list(found.values())


def _identity(activation: Any) -> Hashable:
    """Return what two activations have in common that are the same."""
    if isinstance(activation, catalogue.Activation):
        return activation.name, frozenset[Any]()
    if not isinstance(activation, str):
        return id(activation)
    name, arguments = parsed(activation)
    given = ((key, repr(value)) for key, value in arguments.items())
    return catalogue.find(name).name, frozenset(given)
