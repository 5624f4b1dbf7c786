"""Times of several things taken in turns, so that their ratios mean something.

A machine's speed drifts while it is measured. So the contestants run in short blocks,
one after the other, then in the opposite order, and a ratio is taken within each
round before the median over the rounds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Run = Callable[[], object]


@dataclass(frozen=True)
class Ratio:
    """How long one contestant takes against another.

    Attributes:
        median: The median of the ratios of the rounds.
        low: Their lower quartile.
        high: Their upper quartile.
    """

    median: float
    low: float
    high: float

    def to_list(self) -> list[float]:
        """Return the three numbers, rounded for a file."""
        return [round(x, 4) for x in (self.median, self.low, self.high)]


@dataclass(frozen=True)
class Timings:
    """The times of several contestants, in seconds a run.

    Attributes:
        seconds: By contestant, one time for each round: the median of its block.
    """

    seconds: Mapping[str, np.ndarray]

    def ratio(self, one: str, other: str) -> Ratio:
        """Return how long `one` takes against `other`, round by round."""
        ratios = self.seconds[one] / self.seconds[other]
        low, median, high = np.quantile(ratios, (0.25, 0.5, 0.75))
        return Ratio(float(median), float(low), float(high))

    def median(self, name: str) -> float:
        """Return the median time of a run, in seconds."""
        return float(np.median(self.seconds[name]))


def compare(
    contestants: Mapping[str, Run],
    *,
    rounds: int = 10,
    runs: int = 10,
    block_seconds: float = 0.25,
    budget: float = float("inf"),
    clock: Callable[[], float] = time.perf_counter,
) -> Timings:
    """Time contestants in alternating blocks, in both orders.

    Args:
        contestants: What to time, by name.
        rounds: How many blocks each gets.
        runs: How many runs a block has at least.
        block_seconds: Blocks of quick runs are filled up to about this time.
        budget: In seconds; rounds beyond it are left out, but for the first two.
        clock: What is read; `time.process_time` where other programs run beside.
    """
    once = {name: _warm(run) for name, run in contestants.items()}
    counts = {name: _runs_in(one, runs, block_seconds) for name, one in once.items()}
    turn = sum(once[name] * counts[name] for name in contestants)
    if turn * rounds > budget:
        rounds = max(2, int(budget / turn))
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for name in names if turn % 2 == 0 else reversed(names):
                seconds[name].append(_block(contestants[name], counts[name], clock))
    finally:
        gc.enable()
    return Timings({name: np.asarray(times) for name, times in seconds.items()})


def _warm(run: Run) -> float:
    """Return how long a run takes that is not the first."""
    run()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _runs_in(once: float, least: int, seconds: float) -> int:
    """Return how many runs fill a block."""
    return int(min(max(least, seconds / max(once, 1e-7)), 100 * least))


def _block(run: Run, count: int, clock: Callable[[], float]) -> float:
    times = np.empty(count)
    for i in range(count):
        start = clock()
        run()
        times[i] = clock() - start
    return float(np.median(times))
