"""The statistics that a recurrent layer's loop carries from step to step.

One tensor of the shape (rows, statistics · units), for the calls of all activations
together. Where there is a mask it has a row a sample, so that the loop keeps the rows
of those whose step is padding. Where there is none it has one row: each step is reduced
over the batch, and what is carried is small. Means and squares are merged step by step
as in Chan, Golub, LeVeque, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from keras_acts.diagnosis.watching.reductions import Probe

Tensor = Any
Call = tuple[str, int]
Pair = tuple[Any, Any]

Merge = Callable[[Tensor, list[Pair]], Tensor]
"""Takes what a loop carries and the pairs of a step; returns what it carries on."""

_ROWS = ("count", "mean", "squares", "zeros")
_SIDES = {"low": (ops.less_equal, -math.inf), "high": (ops.greater_equal, math.inf)}


class Carried:
    """Statistics of some calls, in a tensor that goes through a loop.

    Args:
        asked: What is asked of each call, and from where on its function is saturated.
        by_sample: Whether each sample has a row of its own, as a mask needs it.
        fused: Compiles what a step adds, where the backend would run it op by op.
    """

    def __init__(
        self,
        asked: Mapping[Call, tuple[Probe, Mapping[str, Tensor]]],
        *,
        by_sample: bool,
        fused: Callable[[Merge], Merge] = lambda merge: merge,
    ) -> None:
        self._asked = asked
        self._merge = fused(self._merged)
        self._by_sample = by_sample
        self._sides = [
            side
            for side in _SIDES
            if any(side in probe.rows for probe, _ in asked.values())
        ]
        self._rows = [*_ROWS, *self._sides]
        self._units = sum(probe.units for probe, _ in asked.values())
        # Here, outside of the loop, which would make them anew at each step.
        alike = all(
            len(ops.shape(x)) < 2 for _, e in asked.values() for x in e.values()
        )
        self._ends = (
            {side: self._joined_ends(side) for side in self._sides} if alike else {}
        )

    def start(self, batch: Any) -> Tensor:
        """Return the tensor before the first step."""
        samples = batch if self._by_sample else 1
        return ops.zeros((samples, len(self._rows) * self._units), "float32")

    def after(self, before: Tensor, step: Mapping[Call, Pair]) -> Tensor:
        """Return the tensor after a step.

        Args:
            before: The tensor before it.
            step: Input and output of each call.
        """
        pairs = [tuple(map(_prepared, step[call])) for call in self._asked]
        # Else the backward pass of a compiled loop goes through the statistics too.
        return ops.stop_gradient(self._merge(ops.stop_gradient(before), pairs))

    def _merged(self, before: Tensor, pairs: list[Pair]) -> Tensor:
        """Return the tensor after a step, from the pairs in the order of the calls."""
        shape = (-1, len(self._rows), self._units)
        old = ops.reshape(before, shape)
        count, mean = old[:, 0], old[:, 1]
        each, new_mean, squares, shares = self._of_step(pairs)
        apart = new_mean - mean
        part = each / (count + each)
        rows = [ops.zeros_like(count) + each, apart * part]
        rows += [squares + apart * apart * (count * part)]
        rows += [share * each for share in shares]
        new = old + ops.stack(rows, axis=1)
        return ops.reshape(new, (-1, shape[1] * shape[2]))

    def _of_step(self, pairs: list[Pair]) -> tuple[Any, Tensor, Any, list[Any]]:
        """Return a step's counts, means, squares and shares, (rows, units) each."""
        if all(len(y.shape) == 2 for _, y in pairs):
            x = _joined([x for x, _ in pairs]) if self._sides else None
            y = _joined([y for _, y in pairs])
            each, *rows = self._of_tensor(x, y, 1, self._ends)
        else:
            found = [
                self._of_tensor(x, y, probe.axis, ends)
                for (probe, ends), (x, y) in zip(
                    self._asked.values(), pairs, strict=True
                )
            ]
            each, *rows = (_joined(list(column)) for column in zip(*found, strict=True))
        return each, rows[0], rows[1], rows[2:]

    def _of_tensor(
        self, x: Tensor, y: Tensor, axis: int | None, ends: Mapping[str, Tensor]
    ) -> tuple[Tensor, ...]:
        """Return the same of outputs whose units are along an axis.

        Args:
            x: The input; used where functions are saturated.
            y: The output.
            axis: Of the units; None where all outputs are one unit.
            ends: Where the function is saturated, by side.
        """
        axes = tuple(i for i in range(self._by_sample, len(y.shape)) if i != axis)
        units = 1 if axis is None else y.shape[axis]

        def reduced(function: Any, z: Tensor) -> Tensor:
            return ops.reshape(function(z, axes) if axes else z, (-1, units))

        mean = ops.mean(y, axes, keepdims=True) if axes else y
        flat = ops.reshape(mean, (-1, units))
        none = ops.zeros_like(flat)
        squares = reduced(ops.sum, ops.square(y - mean)) if axes else none
        shares = [reduced(ops.mean, _float32(ops.equal(y, 0.0)))]
        for side in self._sides:
            compare, never = _SIDES[side]
            end = ends.get(side, never)
            shares.append(reduced(ops.mean, _float32(compare(x, end))))
        return (none + _size(y, axes), flat, squares, *shares)

    def _joined_ends(self, side: str) -> Tensor:
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


def _size(tensor: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return how many elements there are along axes, whose sizes may be unknown."""
    sizes = ops.shape(tensor)
    size: Tensor = 1.0
    for axis in axes:
        size = size * ops.cast(sizes[axis], "float32")
    return size


def _prepared(tensor: Tensor) -> Tensor:
    return ops.stop_gradient(_float32(tensor))


def _float32(tensor: Tensor) -> Tensor:
    return ops.cast(tensor, "float32")


def _joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else ops.concatenate(tensors, axis=-1)
