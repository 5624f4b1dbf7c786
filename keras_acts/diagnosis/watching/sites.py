"""Where a model applies activations: layers, attributes of layers, operations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.bases import ActivationLayer

LAYERS = (
    ActivationLayer,
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
    keras.layers.Softmax,
)
"""The layers that are activations, ours and Keras's. `Maxout` and other layers of
`keras_acts.layers` without this base are found by their module."""

_OUR_LAYERS = "keras_acts.layers."
_OUR_FUNCTIONS = "keras_acts.functional."
_KERAS = keras.activations.relu.__module__.rpartition(".")[0]
_OPERATIONS = keras.ops.relu.__module__
_HOMES = (_KERAS, _OPERATIONS, "torch.", "jax.", "tensorflow.")
"""The packages whose functions are activations if Keras has one of their name."""

_ENDINGS = ("activation", "act", "nonlinearity")
"""How the attributes end that hold an activation, whatever function it is."""

_IDENTITIES = ("linear",)

IN_LOOP = "it runs inside a loop whose values can't be read"
NOT_REACHED = "no call reached it"
PADDED = "a mask leaves none of its outputs"


@dataclass(frozen=True, eq=False)
class Site:
    """A place where a model applies an activation.

    Attributes:
        name: The names of the layers around it, with "/" between them.
        kind: The activation's name, `"relu"` or `"Mish"`.
        owner: The layer or operation that is called, or that holds the function.
        attribute: `"call"`, or the attribute that holds the function.
        has_function: Whether it is a function of its first input. The output of a
            recurrent layer is none.
        channels_first: Whether a layer of the model has its channels on axis 1.
        in_cell: Whether the cell of a recurrent layer calls it, step by step.
    """

    name: str
    kind: str
    owner: Any
    attribute: str
    has_function: bool = True
    channels_first: bool = False
    in_cell: bool = False

    @property
    def function(self) -> Callable[..., Any]:
        """What is called, as it is now."""
        found: Callable[..., Any] = getattr(self.owner, self.attribute)
        return found

    @property
    def has_weights(self) -> bool:
        """Whether the function depends on weights."""
        return self.attribute == "call" and bool(getattr(self.owner, "weights", ()))


@dataclass(frozen=True)
class Sites:
    """The activations of a model, and those that can't be watched.

    Attributes:
        found: The sites, in the model's order.
        weighted: The layers that have trainable weights of their own, by name.
        uncovered: Why others are not watched, by name.
        layers: All layers that are called outside of loops.
        loops: The recurrent layers whose cells have activations.
    """

    found: tuple[Site, ...]
    weighted: Mapping[str, Any]
    uncovered: Mapping[str, str]
    layers: tuple[Site, ...] = ()
    loops: tuple[Site, ...] = ()

    @classmethod
    def of(cls, model: Any, activations: Sequence[Any] = ()) -> Sites:
        """Look for the activations of a model.

        Args:
            model: A Keras model or layer.
            activations: Further layers, or classes or names of layers, that are
                activations.
        """
        search = _Search(activations, _channels_first(model))
        search.enter(model, "")
        return cls(
            tuple(search.found),
            search.weighted,
            search.uncovered,
            tuple(search.layers),
            tuple(search.loops),
        )

    def check(self, activations: Sequence[Any]) -> None:
        """Check that each layer that is named as an activation is one of the model's.

        Raises:
            ValueError: There is none of a name or class, or it is no layer.
        """
        owners = [site.owner for site in self.found if site.attribute == "call"]
        names = {site.name for site in self.found}
        names |= {x for one in owners for x in (one.name, type(one).__name__)}
        for one in [activations] if isinstance(activations, str) else activations:
            if isinstance(one, str):
                known = one in names
            elif isinstance(one, type):
                known = any(isinstance(owner, one) for owner in owners)
            else:
                known = any(owner is one for owner in owners)
            if not known or isinstance(activations, str):
                raise ValueError(
                    "`activations` must be a list of layers of the model, their "
                    f"classes or names. Received: {one!r}"
                )


def layers_inside(layer: Any) -> list[Any]:
    """Return the layers directly inside a layer."""
    return list(layer._layers)


def _all_layers(layer: Any, seen: set[int]) -> Iterator[Any]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield layer
    for inner in layers_inside(layer):
        yield from _all_layers(inner, seen)


def _channels_first(model: Any) -> bool:
    """Whether the layers that have a data format have channels first."""
    formats = {getattr(one, "data_format", None) for one in _all_layers(model, set())}
    formats -= {None}
    if not formats:
        formats = {keras.config.image_data_format()}
    return formats == {"channels_first"}


class _Search:
    """A walk through the layers of a model, each once."""

    def __init__(self, activations: Sequence[Any], channels_first: bool) -> None:
        self.classes = tuple(x for x in activations if isinstance(x, type))
        self.names = {x for x in activations if isinstance(x, str)}
        self.instances = [x for x in activations if not isinstance(x, type | str)]
        self.channels_first = channels_first
        self.found: list[Site] = []
        self.weighted: dict[str, Any] = {}
        self.uncovered: dict[str, str] = {}
        self.layers: list[Site] = []
        self.loops: list[Site] = []
        self._in_cell = False
        self._seen: set[int] = set()
        self._names: set[str] = set()

    def enter(self, layer: Any, path: str) -> None:
        """Note what a layer is, and look at the layers inside it."""
        if id(layer) in self._seen:
            return
        self._seen.add(id(layer))
        name = path or layer.name
        inner = layers_inside(layer)
        self._note_weights(layer, inner, name)
        if not self._in_cell:
            self.layers.append(Site(name, "", layer, "call"))
        if self._is_activation(layer, name):
            self._add(name, _kind(layer), layer, "call")
            return
        if isinstance(layer, keras.layers.RNN):
            self._enter_loop(layer, name)
            return
        for attribute, function in _functions(layer):
            self._add(name, _name(function), layer, attribute)
        for operation in _operations(layer):
            below = f"{path}/{operation.name}" if path else operation.name
            self._add(below, _kind(operation), operation, "call")
        for one in inner:
            self.enter(one, f"{path}/{one.name}" if path else one.name)

    def _is_activation(self, layer: Any, name: str) -> bool:
        return (
            isinstance(layer, (*LAYERS, *self.classes))
            or type(layer).__module__.startswith(_OUR_LAYERS)
            or not self.names.isdisjoint((name, layer.name, type(layer).__name__))
            or any(layer is one for one in self.instances)
        )

    def _note_weights(self, layer: Any, inner: list[Any], name: str) -> None:
        below = {id(x) for one in inner for x in one.trainable_variables}
        if any(id(x) not in below for x in layer.trainable_variables):
            self.weighted[name] = layer

    def _enter_loop(self, layer: Any, name: str) -> None:
        """Note a recurrent layer's output, and the activations of its cell."""
        if self._in_cell:
            self._leave_out(layer, name)
            return
        kind = f"{type(layer).__name__} output"
        self._add(name, kind, layer, "call", has_function=False)
        self._in_cell = True
        for inner in layers_inside(layer):
            self.enter(inner, f"{name}/{inner.name}")
        self._in_cell = False
        self.loops.append(Site(name, kind, layer, "inner_loop"))

    def _leave_out(self, layer: Any, path: str) -> None:
        """Note the activations of a loop inside of a loop."""
        for inner in layers_inside(layer):
            name = f"{path}/{inner.name}"
            self._note_weights(inner, layers_inside(inner), name)
            for attribute, _ in _functions(inner):
                self.uncovered[f"{name}.{attribute}"] = IN_LOOP
            if self._is_activation(inner, name):
                self.uncovered[name] = IN_LOOP
            else:
                self._leave_out(inner, name)

    def _add(
        self,
        name: str,
        kind: str,
        owner: Any,
        attribute: str,
        *,
        has_function: bool = True,
    ) -> None:
        plain = attribute == "call" or (attribute == "activation" and not self._in_cell)
        unique = name = name if plain else f"{name}.{attribute}"
        number = 2
        while unique in self._names:
            unique, number = f"{name} [{number}]", number + 1
        self._names.add(unique)
        site = Site(
            unique,
            kind,
            owner,
            attribute,
            has_function,
            self.channels_first,
            self._in_cell,
        )
        self.found.append(site)


def _kind(owner: Any) -> str:
    """Return the name of the activation that a layer or operation applies."""
    function = getattr(owner, "activation", None) or getattr(owner, "function", None)
    if isinstance(owner, keras.layers.Activation):
        return _name(function)
    if isinstance(function, str):
        return function
    return type(owner).__name__


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _functions(layer: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the activation functions that a layer holds as attributes."""
    for attribute, value in list(vars(layer).items()):
        if (
            callable(value)
            and not isinstance(value, type | keras.layers.Layer)
            and _is_activation_function(attribute, value)
            and _name(value) not in _IDENTITIES
        ):
            yield attribute, value


def _is_activation_function(attribute: str, value: Any) -> bool:
    if attribute.startswith("_") or attribute == "call":
        return False
    if attribute.split("_")[-1] in _ENDINGS:
        return True
    home = str(getattr(value, "__module__", None) or "")
    if home.startswith(_OUR_FUNCTIONS):
        return True
    known = hasattr(keras.activations, _name(value))
    return known and (home.startswith(_HOMES) or inspect.isbuiltin(value))


def _operations(model: Any) -> Iterator[Any]:
    """Yield the activations in a Functional model that are operations, not layers."""
    for one in getattr(model, "operations", ()):
        module = type(one).__module__
        if isinstance(one, keras.layers.Layer):
            continue
        known = hasattr(keras.activations, _snake(type(one).__name__))
        if module.startswith(("keras_acts.", _KERAS)) or (
            module == _OPERATIONS and known
        ):
            yield one


def _snake(name: str) -> str:
    """Return the name of the function that makes an operation: `log_softmax`."""
    spelled = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return spelled.lstrip("_")
