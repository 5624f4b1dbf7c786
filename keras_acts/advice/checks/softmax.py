"""Checks of softmax: over what, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keras_acts.advice.checks.kinds import (
    ACTIVATION,
    CONVOLUTIONS,
    DROPOUT,
    KERNEL,
    PASSING,
    PROBABILITIES,
)
from keras_acts.advice.checks.network import Network, Part, before
from keras_acts.advice.checks.problem import Problem
from keras_acts.advice.checks.stacks import is_hidden

_NAMES = PROBABILITIES | {"LogSoftmax"}


def softmax_over_one_unit(network: Network) -> Iterator[Problem]:
    """Find softmax over an axis of size 1."""
    for part in network.of_kind(ACTIVATION):
        if part.name in _NAMES and _size(part) == 1:
            yield Problem(
                "softmax_over_one_unit",
                part.path,
                f"{part.label} is applied over an axis of size 1.",
            )


def _axes(part: Part) -> list[int]:
    axis = getattr(part.activation.layer, "axis", -1) if part.activation else -1
    return list(axis) if isinstance(axis, list | tuple) else [int(axis)]


def _size(part: Part) -> int | None:
    """Return over how many elements softmax goes; None where that isn't known."""
    if part.alone:
        units = getattr(part.layer, "units", None)
        return units if isinstance(units, int) and _axes(part) == [-1] else None
    if part.shape is None:
        return None
    size = 1
    for axis in _axes(part):
        if not -len(part.shape) <= axis < len(part.shape):
            return None
        one = part.shape[axis]
        if one is None:
            return None
        size *= one
    return size


def softmax_axes(network: Network) -> Iterator[Problem]:
    """Find softmax at the output that isn't over the classes."""
    for part in network.of_kind(ACTIVATION):
        if part.name not in _NAMES or part.shape is None or not part.ends:
            continue
        rank = len(part.shape)
        axes = {axis % rank for axis in _axes(part)}
        kernel = before(part, (DROPOUT,))
        classes = rank - 1
        if kernel is not None and kernel.kind == KERNEL:
            classes = _channel_axis(kernel.layer, rank)
        if 0 in axes or (rank > 2 and classes not in axes):
            listed = ", ".join(map(str, sorted(axes)))
            yield Problem(
                "softmax_axis",
                part.path,
                f"{part.label} is over axis {listed} of the shape {part.shape}; the "
                f"channels are axis {classes}.",
            )


def _channel_axis(layer: Any, rank: int) -> int:
    first = getattr(layer, "data_format", None) == "channels_first"
    return 1 if first and isinstance(layer, CONVOLUTIONS) else rank - 1


def softmax_in_hidden_layers(network: Network) -> Iterator[Problem]:
    """Find softmax behind a kernel, with nothing but a kernel behind it."""
    for part in network.of_kind(ACTIVATION):
        if part.name not in _NAMES or not is_hidden(part):
            continue
        kernel = before(part, (PASSING, DROPOUT))
        if kernel is not None and kernel.kind == KERNEL:
            yield Problem(
                "softmax_in_hidden_layer",
                part.path,
                f"{part.label} is between {kernel.path} and another layer.",
            )
