"""Checks of losses against the outputs that they get."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.advice.checks.kinds import (
    ACTIVATION,
    DROPOUT,
    KERNEL,
    NORM,
    PASSING,
    PROBABILITIES,
    SIGMOIDS,
)
from keras_acts.advice.checks.network import Network, Part
from keras_acts.advice.checks.problem import Problem

_REGRESSION = {
    *("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh"),
    *("MeanSquaredLogarithmicError", "MeanAbsolutePercentageError"),
}
_BINARY = {"BinaryCrossentropy", "BinaryFocalCrossentropy"}
_SPARSE = {"SparseCategoricalCrossentropy"}
_CATEGORICAL = {"CategoricalCrossentropy", "CategoricalFocalCrossentropy", *_SPARSE}
_POSITIVE = {
    *("Softplus", "Squareplus", "Exponential", "ReLU", "ReLU6", "SparsePlus"),
    *("SquaredReLU", "SmeLU", *SIGMOIDS, *PROBABILITIES),
}
_BETWEEN_0_AND_1 = SIGMOIDS | PROBABILITIES


@dataclass(frozen=True)
class Loss:
    """A loss of Keras.

    Attributes:
        name: The name of its class.
        from_logits: Whether it applies the output's activation itself.
    """

    name: str
    from_logits: bool

    def __str__(self) -> str:
        return f"{self.name}(from_logits=True)" if self.from_logits else self.name


@dataclass(frozen=True)
class Output:
    """A result of a model, and its loss.

    Attributes:
        path: The layer that gives it.
        activation: Name of its activation; `"Linear"` where it has none.
        units: How many channels it has; None where that isn't known.
        loss: The loss.
    """

    path: str
    activation: str
    units: int | None
    loss: Loss


def known_loss(given: Any) -> Loss | None:
    """Return which of Keras's losses something is; None where it is another.

    Args:
        given: A name, a function or an instance, as in `compile`.

    Raises:
        ValueError: It is a name that Keras doesn't know.
    """
    if isinstance(given, functools.partial):
        found = known_loss(given.func)
        logits = bool(given.keywords.get("from_logits", False))
        return found and Loss(found.name, logits)
    if given is None:
        return None
    loss = keras.losses.get(_checked(given))
    if isinstance(loss, keras.losses.Loss):
        name = type(loss).__name__
        if getattr(keras.losses, name, None) is not type(loss):
            return None
        return Loss(name, bool(loss.get_config().get("from_logits", False)))
    for name, cls in vars(keras.losses).items():
        if inspect.isclass(cls) and _snake(name) == getattr(loss, "__name__", None):
            return Loss(name, False)
    return None


def _checked(given: Any) -> Any:
    """Return a loss, or refuse a name that Keras doesn't know."""
    if isinstance(given, str):
        try:
            keras.losses.get(given)
        except ValueError:
            public = [key for key in vars(keras.losses) if not key.startswith("_")]
            names = ["mse", "mae", "mape", "msle", *public]
            near = difflib.get_close_matches(given, names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"`loss` must be a loss of Keras.{hint} Received: loss={given!r}"
            ) from None
    elif not callable(given) and not isinstance(given, dict):
        raise ValueError(f"`loss` must be a loss of Keras. Received: loss={given!r}")
    return given


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def outputs(network: Network, loss: Any) -> Iterator[Output]:
    """Yield the results whose loss and last part are known.

    Args:
        network: The parts of the model.
        loss: As in `compile`: one loss, or several in a list, or in a dict by name.
    """
    for at, end in enumerate(network.ends):
        known = known_loss(_loss_of(loss, at, network.names[at]))
        if end is None or known is None:
            continue
        last = _last(end)
        if last is None:
            continue
        name = last.name if last.kind == ACTIVATION else "Linear"
        if not name:
            continue
        yield Output(last.path, name, _channels(end), known)


def _loss_of(loss: Any, at: int, name: str | None) -> Any:
    if isinstance(loss, Mapping):
        return loss.get(name)
    if isinstance(loss, list | tuple):
        return loss[at] if at < len(loss) else None
    return loss


def _last(end: Part) -> Part | None:
    """Return the activation that an output has, or its kernel where it has none."""
    part = end
    while part.kind in (PASSING, DROPOUT, NORM) and len(part.previous) == 1:
        if part.kind == NORM:
            return None
        (part,) = part.previous
    return part if part.kind in (ACTIVATION, KERNEL) else None


def _channels(end: Part) -> int | None:
    return end.shape[-1] if end.shape and len(end.shape) > 1 else None


def loss_problems(network: Network, loss: Any) -> Iterator[Problem]:
    """Find losses that don't belong to their outputs."""
    for output in outputs(network, loss):
        for rule, applies in _RULES.items():
            if applies(output):
                said = f"{output.loss} gets the output of {output.activation}"
                yield Problem(rule, output.path, f"{said}{_units(output.units)}.")


def _units(units: int | None) -> str:
    if units is None:
        return ""
    return ", one unit" if units == 1 else f", {units} units"


def _is_cross_entropy(loss: Loss) -> bool:
    return loss.name in _BINARY | _CATEGORICAL


def _lacks_activation(output: Output) -> bool:
    needs = output.loss.name in {"KLDivergence", "Dice", "Tversky"}
    if output.loss.name == "KLDivergence" and output.activation == "LogSoftmax":
        return True
    cross = _is_cross_entropy(output.loss) and not output.loss.from_logits
    return (cross or needs) and output.activation not in _BETWEEN_0_AND_1


_RULES: Mapping[str, Any] = {
    "squared_error_on_probabilities": lambda x: (
        x.loss.name in _REGRESSION and x.activation in _BETWEEN_0_AND_1
    ),
    "logits_twice": lambda x: (
        x.loss.from_logits
        and x.activation in _BETWEEN_0_AND_1 | {"LogSoftmax"}
        and not (x.activation == "LogSoftmax" and x.loss.name in _CATEGORICAL)
    ),
    "logits_missing": _lacks_activation,
    "categorical_on_sigmoid": lambda x: (
        x.loss.name in _CATEGORICAL and x.activation in SIGMOIDS and x.units != 1
    ),
    "binary_on_softmax": lambda x: (
        x.loss.name in _BINARY and x.activation in PROBABILITIES and x.units != 1
    ),
    "categorical_on_one_unit": lambda x: x.loss.name in _CATEGORICAL and x.units == 1,
    "negative_rate": lambda x: (
        x.loss.name == "Poisson" and x.activation not in _POSITIVE
    ),
    "rectified_regression": lambda x: (
        x.loss.name in _REGRESSION and x.activation in ("ReLU", "ReLU6")
    ),
}
"""When each rule is broken."""
