"""How the outputs of an activation depend on its inputs, found by trying it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from keras_acts.plotting.numbers import Array

_SIZES = (2, 3, 4, 6, 8, 12, 16, 32)
"""Sizes of the axis that are tried; most activations take any."""


class Kind(Enum):
    """How outputs depend on inputs."""

    ELEMENTWISE = "each output on one input"
    SPLIT = "several outputs on one input"
    MIXING = "each output on every input"
    GATED = "one output on a value and a gate"
    LARGEST = "one output on the largest input"


@dataclass(frozen=True)
class Structure:
    """What was found.

    Attributes:
        kind: How outputs depend on inputs.
        size: Number of inputs with which the activation was tried.
        outputs: The outputs that depend on the first input.
        gate: Which input is the gate of a gated activation.
    """

    kind: Kind
    size: int
    outputs: tuple[int, ...] = ()
    gate: int = 1


def structure(call: Callable[[Array], Array]) -> Structure:
    """Find out how outputs depend on inputs.

    Args:
        call: The activation, from `(n, size)` to `(n, outputs)`.

    Raises:
        ValueError: It takes no inputs of such shapes.
    """
    errors: list[Exception] = []
    for size in _SIZES:
        x = np.random.default_rng(0).uniform(-2, 2, (16, size))
        try:
            y = call(x)
        except Exception as error:  # whatever another size may cure
            errors.append(error)
            continue
        if y.ndim == 2 and len(y) == len(x):
            return _found(call, x, y)
    reason = errors[0] if errors else "its result has another rank than its input"
    raise ValueError(
        "An activation must take inputs of shape (batch, size) to be drawn. "
        f"Received: one that does not ({reason})"
    )


def _found(call: Callable[[Array], Array], x: Array, y: Array) -> Structure:
    size, outputs = x.shape[1], y.shape[1]
    first, second = (_touched(call, x, y, i) for i in (0, 1))
    if outputs == size and first <= {0} and second <= {1}:
        return Structure(Kind.ELEMENTWISE, size)
    if not first & second:
        return Structure(Kind.SPLIT, size, tuple(sorted(first)))
    if outputs >= size:
        return Structure(Kind.MIXING, size)
    if all(np.isclose(x, largest[None, :].T).any(axis=1).all() for largest in y.T):
        return Structure(Kind.LARGEST, size)
    return Structure(Kind.GATED, size, gate=_gate(call))


def _touched(
    call: Callable[[Array], Array], x: Array, y: Array, position: int
) -> set[int]:
    """Return the outputs that change with one input."""
    moved = x.copy()
    moved[:, position] += 0.37
    changes = ~np.isclose(call(moved), y, rtol=1e-6, atol=1e-9, equal_nan=True)
    return set(np.flatnonzero(changes.any(axis=0)).tolist())


def _gate(call: Callable[[Array], Array]) -> int:
    """Return the input in which a product of two inputs bends more."""
    bends = []
    for position in (0, 1):
        x = np.ones((101, 2))
        x[:, position] = np.linspace(-3, 3, 101)
        bends.append(np.abs(np.diff(call(x)[:, 0], n=2)).sum())
    return int(np.argmax(bends))
