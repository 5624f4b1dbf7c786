"""Checks of recurrent layers: the activations of their states and gates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from keras_acts.advice.checks.kinds import RECURRENT, SIGMOIDS, TANHS
from keras_acts.advice.checks.network import Network
from keras_acts.advice.checks.problem import Problem
from keras_acts.advice.identity import identify

_BOUNDED = SIGMOIDS | TANHS | {"ReLU6", "Sine", "HardTanh"}


def cells_of(layer: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the cells of a recurrent layer, and the paths in it."""
    if isinstance(layer, keras.layers.Bidirectional):
        for one in (layer.forward_layer, layer.backward_layer):
            yield from cells_of(one, f"{prefix}/{one.name}")
        return
    cell = getattr(layer, "cell", None)
    if cell is not None:
        inner = getattr(cell, "cells", None)
        if inner is None:
            yield prefix, cell
        else:
            for one in inner:
                yield f"{prefix}/{one.name}", one


def unbounded_recurrence(network: Network) -> Iterator[Problem]:
    """Find cells whose state has an unbounded activation."""
    for path, cell in _cells(network):
        known = _known(cell, "activation")
        start = getattr(cell, "recurrent_initializer", None)
        if isinstance(start, keras.initializers.Identity):
            continue  # a recurrence that is made to keep its state
        if known is not None and known not in _BOUNDED:
            yield Problem(
                "unbounded_recurrence",
                path,
                f"The state of {type(cell).__name__} has {known}.",
            )


def recurrent_gates(network: Network) -> Iterator[Problem]:
    """Find gates that have no sigmoid."""
    for path, cell in _cells(network):
        known = _known(cell, "recurrent_activation")
        if known is not None and known not in SIGMOIDS:
            yield Problem(
                "recurrent_gate",
                path,
                f"The gates of {type(cell).__name__} have {known}.",
            )


def _cells(network: Network) -> Iterator[tuple[str, Any]]:
    for part in network.of_kind(RECURRENT):
        for inner, cell in cells_of(part.layer):
            yield f"{part.path}{inner}", cell


def _known(cell: Any, argument: str) -> str | None:
    given = getattr(cell, argument, None)
    return identify(given).name if callable(given) else None
