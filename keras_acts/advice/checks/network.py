"""A model as parts: kernels, activations, norms, dropout, each with those behind it.

A layer with an `activation=` is two parts, its kernel and its activation.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_acts import functional, layers
from keras_acts.advice.checks.calls import Call, CallGraph
from keras_acts.advice.checks.kinds import (
    ACTIVATION,
    ACTIVATIONS,
    CLASSES,
    DROPOUT,
    MERGE,
    OTHER,
    PASSING,
    PASSING_OPERATIONS,
    RECURRENT_LAYERS,
)
from keras_acts.advice.checks.likeness import known
from keras_acts.advice.identity import Known, identify


@dataclass(eq=False)
class Part:
    """A part of a network.

    Attributes:
        kind: What it does, one of the names above.
        path: The layer that it belongs to.
        layer: That layer, or the operation.
        activation: Which activation it is; None for other kinds.
        shape: The shape of its result; None where it isn't known.
        previous: The parts before it; empty behind an input.
        following: The parts behind it.
        ends: Whether it is a result of the model.
        alone: Whether nothing is known of what is before and behind it.
        own: Whether the activation is a layer or an operation of its own.
    """

    kind: str
    path: str
    layer: Any
    activation: Known | None = None
    shape: tuple[int | None, ...] | None = None
    previous: list[Part] = field(default_factory=list)
    following: list[Part] = field(default_factory=list)
    ends: bool = False
    alone: bool = False
    own: bool = False

    @property
    def name(self) -> str:
        """The activation's name in the catalogue; empty where it is none or unknown."""
        return (self.activation.name or "") if self.activation else ""

    @property
    def label(self) -> str:
        """What to call the activation."""
        return self.activation.label if self.activation else self.kind


@dataclass(frozen=True)
class Network:
    """The parts of a model.

    Attributes:
        parts: In the order in which they run.
        ends: For each result of the model its last part; None where it is an input.
        names: The results' names, where they have some.
    """

    parts: tuple[Part, ...]
    ends: tuple[Part | None, ...]
    names: tuple[str | None, ...]

    def of_kind(self, kind: str) -> Iterator[Part]:
        """Yield the parts of one kind."""
        return (part for part in self.parts if part.kind == kind)


def network(graph: CallGraph) -> Network:
    """Return the parts of a model, given its calls."""
    parts: list[Part] = []
    last: dict[int, Part] = {}
    for call in graph.calls:
        chain = _parts(call)
        first = chain[0]
        for giver in call.previous:
            _join(last[id(giver)], first)
        for one, other in itertools.pairwise(chain):
            _join(one, other)
        chain[-1].ends = call.ends
        last[id(call)] = chain[-1]
        parts += chain
    ends = tuple(None if one is None else last[id(one)] for one in graph.ends)
    return Network(tuple(parts), ends, graph.names)


def _join(one: Part, other: Part) -> None:
    one.following.append(other)
    other.previous.append(one)


def _parts(call: Call) -> list[Part]:
    """Return the parts that a call consists of, one or two."""
    kind = _kind(call)
    activation = _activation(call)
    is_part = kind == ACTIVATION
    first = Part(
        kind,
        call.path,
        call.operation,
        activation=activation if is_part else None,
        shape=call.shape,
        alone=call.alone,
        own=is_part,
    )
    if is_part or activation is None or activation.name == "Linear":
        return [first]
    second = Part(
        ACTIVATION,
        call.path,
        call.operation,
        activation=activation,
        shape=call.shape,
        alone=call.alone,
    )
    return [first, second]


def _kind(call: Call) -> str:
    operation = call.operation
    for classes, kind in CLASSES:
        if isinstance(operation, classes):
            return kind
    if len(call.previous) > 1:
        return MERGE
    if _activation(call) is not None:
        return ACTIVATION
    if type(operation).__name__ in PASSING_OPERATIONS:
        return PASSING
    return OTHER


def _activation(call: Call) -> Known | None:
    """Return which activation a layer has or is; None where it is none."""
    operation = call.operation
    if isinstance(operation, layers.DyT):
        return None
    if isinstance(operation, layers.MaxoutConv2D):
        return identify("Maxout")
    if isinstance(operation, ACTIVATIONS):
        return identify(operation)
    if isinstance(operation, keras.layers.Layer):
        if isinstance(operation, RECURRENT_LAYERS):
            return None
        if isinstance(operation, keras.layers.Lambda):
            own = known(operation.function)
            return own if own.name not in (None, "Linear") else None
        given = getattr(operation, "activation", None)
        return known(given) if callable(given) else None
    return _of_operation(call)


def _of_operation(call: Call) -> Known | None:
    """Return the activation of a function that was called; None where it is none."""
    operation = call.operation
    name = getattr(operation, "function", None)
    if isinstance(name, str) and name in functional.__all__:
        function = getattr(functional, name)
        given = _bound(function, call.arguments)
        try:
            return identify(function, **given)
        except (TypeError, ValueError):
            return identify(function)
    found = identify(operation)
    return found if found.name is not None else None


def _bound(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name, without those of the tensors."""
    names = list(inspect.signature(function).parameters)
    named = {
        names[int(key)] if key.isdecimal() else key: value
        for key, value in arguments.items()
    }
    return {key: value for key, value in named.items() if key not in ("mask", "x")}


def before(part: Part, kinds: Iterable[str] = (PASSING, DROPOUT)) -> Part | None:
    """Return the one part before this one, past those of some kinds."""
    passed = set(kinds)
    while len(part.previous) == 1:
        (part,) = part.previous
        if part.kind not in passed:
            return part
    return None


def behind(part: Part, kinds: Iterable[str] = (PASSING, DROPOUT)) -> list[Part]:
    """Return the parts behind this one, past those of some kinds."""
    passed = set(kinds)
    found: list[Part] = []
    waiting = list(part.following)
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind in passed:
            waiting += one.following
        else:
            found.append(one)
    return found


def between(first: Part, second: Part) -> Iterator[Part]:
    """Yield the parts from the second one back to the first one, without both."""
    part = second
    while len(part.previous) == 1 and part.previous[0] is not first:
        (part,) = part.previous
        yield part
