"""Adds up statistics over batches, exactly, in float64 on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
SHARES = ("zeros", "low", "high")


class UnitTotals:
    """The statistics of each unit of an activation over all batches so far."""

    def __init__(self) -> None:
        self.count: Array = np.zeros(1)
        self.mean: Array = np.zeros(1)
        self.squares: Array = np.zeros(1)
        self.shares: dict[str, Array] = {}

    def add(self, rows: Sequence[str], batch: Array) -> None:
        """Add a batch's statistics.

        Means and squares are merged as in Chan, Golub, LeVeque, 1979. Where units are
        as many as a size that varies from batch to batch, they count as one.

        Args:
            rows: The names of the statistics.
            batch: Of the shape (statistics, units).
        """
        given = dict(zip(rows, np.asarray(batch, np.float64), strict=True))
        if not given["count"].any() and self.count.any():
            return  # a batch of padding alone
        part = UnitTotals()
        part.count, part.mean = given["count"], given["mean"]
        part.squares = given["variance"] * part.count
        part.shares = {name: given[name] for name in SHARES if name in given}
        if self.count.sum() == 0:
            self.__dict__.update(part.__dict__)
            return
        if part.count.shape != self.count.shape:
            part, mine = part.pooled(), self.pooled()
            self.__dict__.update(mine.__dict__)
        self._merge(part)

    def add_all(self, rows: Sequence[str], batches: Sequence[Array]) -> None:
        """Add the statistics of several batches, at once where they can be."""
        alike = all(one.shape == batches[0].shape for one in batches)
        if len(batches) < 2 or not alike:
            for one in batches:
                self.add(rows, one)
            return
        self.add(rows, _together(rows, np.stack(batches).astype(np.float64)))

    def _merge(self, part: UnitTotals) -> None:
        count = self.count + part.count
        with np.errstate(invalid="ignore", over="ignore"):
            apart = part.mean - self.mean
            self.squares += part.squares
            self.squares += apart**2 * self.count * part.count / count
            self.mean = self.mean + apart * part.count / count
        for name, share in part.shares.items():
            old = self.shares[name] * self.count
            self.shares[name] = (old + share * part.count) / count
        self.count = count

    def pooled(self) -> UnitTotals:
        """Return the statistics of all units together, as of one."""
        one = UnitTotals()
        one.count = self.count.sum(keepdims=True)
        with np.errstate(invalid="ignore", over="ignore"):
            one.mean = np.average(self.mean, weights=self.count, keepdims=True)
            spread = self.count * (self.mean - one.mean) ** 2
            one.squares = (self.squares + spread).sum(keepdims=True)
        one.shares = {
            name: np.average(share, weights=self.count, keepdims=True)
            for name, share in self.shares.items()
        }
        return one

    @property
    def deviation(self) -> Array:
        """The standard deviation of each unit."""
        with np.errstate(invalid="ignore"):
            found: Array = np.sqrt(np.maximum(self.squares, 0) / self.count)
        return found


def _together(rows: Sequence[str], batches: Array) -> Array:
    """Return the statistics of batches, (batches, statistics, units), as of one."""
    at = {name: i for i, name in enumerate(rows)}
    counts = batches[:, at["count"]]
    count = counts.sum(0)
    least = np.maximum(count, 1)
    counted = np.where(counts[:, None] > 0, batches, 0)  # padding alone may be NaN
    with np.errstate(invalid="ignore", over="ignore"):
        # Divided last, so that a share that is 1 in each batch stays 1.
        found: Array = (counted * counts[:, None]).sum(0) / least
        apart = counted[:, at["mean"]] - found[at["mean"]]
        found[at["variance"]] += (apart**2 * counts).sum(0) / least
    found[at["count"]] = count
    return found


@dataclass
class Totals:
    """What was measured over all batches.

    Attributes:
        samples: How many samples there were.
        batches: How many batches.
        units: The totals of each activation, by name.
        norms: The norms of the gradients of each batch.
        losses: The loss of each batch.
    """

    samples: int = 0
    batches: int = 0
    units: dict[str, UnitTotals] = field(default_factory=dict)
    norms: list[Array] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def add(self, name: str, rows: Sequence[str], batches: Sequence[Array]) -> None:
        """Add the statistics of a call in some batches to those of its activation."""
        self.units.setdefault(name, UnitTotals()).add_all(rows, batches)
