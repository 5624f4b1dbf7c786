"""The statistics that a recurrent layer's loop carries from step to step.

One tensor of the shape (batch, statistics · units), for the calls of all activations
together: a row a sample, so that a mask keeps the rows of those whose step is padding.
Means and squares are merged step by step as in Chan, Golub, LeVeque, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from keras_acts.diagnosis.watching.reductions import Probe

Tensor = Any
Call = tuple[str, int]
Pair = tuple[Any, Any]

_ROWS = ("count", "mean", "squares", "zeros")
_SIDES = {"low": (ops.less_equal, -math.inf), "high": (ops.greater_equal, math.inf)}


class Carried:
    """Statistics of some calls, in a tensor that goes through a loop.

    Args:
        asked: What is asked of each call, and from where on its function is saturated.
    """

    def __init__(
        self, asked: Mapping[Call, tuple[Probe, Mapping[str, Tensor]]]
    ) -> None:
        self._asked = asked
        self._sides = [
            side
            for side in _SIDES
            if any(side in probe.rows for probe, _ in asked.values())
        ]
        self._rows = [*_ROWS, *self._sides]
        self._units = sum(probe.units for probe, _ in asked.values())

    def start(self, batch: Any) -> Tensor:
        """Return the tensor before the first step."""
        return ops.zeros((batch, len(self._rows) * self._units), "float32")

    def after(self, before: Tensor, step: Mapping[Call, Pair]) -> Tensor:
        """Return the tensor after a step.

        Args:
            before: The tensor before it.
            step: Input and output of each call.
        """
        shape = (-1, len(self._rows), self._units)
        old = ops.reshape(before, shape)
        count, mean = old[:, 0], old[:, 1]
        each, new_mean, squares, shares = self._of_step(step)
        apart = new_mean - mean
        part = each / (count + each)
        rows = [ops.zeros_like(count) + each, apart * part]
        rows += [squares + apart * apart * (count * part)]
        rows += [share * each for share in shares]
        new = old + ops.stack(rows, axis=1)
        return ops.reshape(new, (-1, shape[1] * shape[2]))

    def _of_step(self, step: Mapping[Call, Pair]) -> tuple[Any, Tensor, Any, list[Any]]:
        """Return a step's counts, means, squares and shares, (batch, units) each."""
        pairs = [tuple(map(_prepared, step[call])) for call in self._asked]
        if all(len(y.shape) == 2 for _, y in pairs):
            y = _joined([y for _, y in pairs])
            shares = [_float32(ops.equal(y, 0.0))]
            if self._sides:
                x = _joined([x for x, _ in pairs])
                shares += [
                    _float32(_SIDES[side][0](x, self._ends(side)))
                    for side in self._sides
                ]
            return 1.0, y, 0.0, shares
        found = [
            self._of_call(probe, ends, *pair)
            for (probe, ends), pair in zip(self._asked.values(), pairs, strict=True)
        ]
        each, *rows = (_joined(list(column)) for column in zip(*found, strict=True))
        return each, rows[0], rows[1], rows[2:]

    def _of_call(
        self, probe: Probe, ends: Mapping[str, Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the same of one call whose outputs have any shape."""
        rank = len(y.shape)
        axis = probe.axis if probe.axis is not None else rank
        axes = tuple(i for i in range(1, rank) if i != axis)

        def mean(z: Tensor) -> Tensor:
            return ops.reshape(ops.mean(z, axes) if axes else z, (-1, probe.units))

        each = float(np.prod([y.shape[i] for i in axes], dtype=int))
        centre = ops.mean(y, axes, keepdims=True) if axes else y
        rows = [mean(y), mean(ops.square(y - centre)) * each, mean(_float32(y == 0))]
        for side in self._sides:
            compare, never = _SIDES[side]
            rows.append(mean(_float32(compare(x, ends.get(side, never)))))
        return (ops.zeros_like(rows[0]) + each, *rows)

    def _ends(self, side: str) -> Tensor:
        """Return from where on each unit is saturated at a side."""
        never = _SIDES[side][1]
        return _joined(
            [
                ops.broadcast_to(
                    ops.cast(ends.get(side, never), "float32"), (probe.units,)
                )
                for probe, ends in self._asked.values()
            ]
        )

    def statistics(self, end: Tensor) -> dict[Call, Tensor]:
        """Return the statistics of each call, (statistics, units), after the loop."""
        old = ops.reshape(end, (-1, len(self._rows), self._units))
        counts, means = old[:, 0], old[:, 1]
        count = ops.sum(counts, 0)
        least = ops.maximum(count, 1.0)
        mean = ops.sum(counts * means, 0) / least
        squares = ops.sum(old[:, 2] + counts * ops.square(means - mean), 0)
        shares = ops.sum(old[:, 3:], 0) / least
        rows = [count, mean, squares / least]
        whole = {"count": rows[0], "mean": rows[1], "variance": rows[2]}
        for i, name in enumerate(self._rows[3:]):
            whole[name] = shares[i]
        found, start = {}, 0
        for call, (probe, _) in self._asked.items():
            part = slice(start, start + probe.units)
            found[call] = ops.stack([whole[name][part] for name in probe.rows])
            start += probe.units
        return found


def _prepared(tensor: Tensor) -> Tensor:
    return ops.stop_gradient(_float32(tensor))


def _float32(tensor: Tensor) -> Tensor:
    return ops.cast(tensor, "float32")


def _joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else ops.concatenate(tensors, axis=-1)
