"""Torch's own loops of LSTM and GRU: they call the activations of a cell, not the cell.

They take half the time of a loop over the cell. What belongs to one step is told by how
many calls of an activation the cell makes in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras

Call = tuple[str, int]
Pair = tuple[Any, Any]

_ORDERS: Mapping[type, Mapping[int, tuple[int, ...]]] = {
    keras.layers.LSTM: {3: (1, 0, 2), 2: (0, 1)},  # the forget gate comes first
    keras.layers.GRU: {2: (0, 1), 1: (0,)},
}
"""Which call of a cell each of the loop is, by how many of a function a step has."""


def has_own_loop(layer: Any, calls: Collection[Call]) -> bool:
    """Whether Keras's own loop shows what is asked, all the calls of both functions."""
    orders = _ORDERS.get(type(layer), {})
    counts = Counter(name for name, _ in calls)
    return bool(counts) and sorted(counts.values()) == sorted(orders)


def in_steps(
    layer: Any, seen: Sequence[tuple[str, Pair]], calls: Collection[Call]
) -> list[dict[Call, Pair]]:
    """Return input and output of each call, step by step.

    Args:
        layer: The recurrent layer.
        seen: What its loop called, by the function's name, in order.
        calls: The calls that the cell makes in a step, by name and number.
    """
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for name, pair in seen:
        pairs[name].append(pair)
    numbers: dict[str, list[int]] = defaultdict(list)
    for name, number in sorted(calls):
        numbers[name].append(number)
    steps: list[dict[Call, Pair]] = []
    for name, own in numbers.items():
        order = _ORDERS[type(layer)][len(own)]
        for at, pair in enumerate(pairs[name]):
            step, place = divmod(at, len(own))
            if step == len(steps):
                steps.append({})
            steps[step][name, own[order[place]]] = pair
    return steps
