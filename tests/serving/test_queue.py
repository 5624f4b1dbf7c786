"""Which requests share a run: a session that waits until all are there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from keras_acts.serving.queue import BusyError, RunQueue


class Gated:
    """Doubles its inputs, once it is let; keeps the rows of each run."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.rows: list[int] = []

    def run(self, names: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list:
        self.gate.wait()
        self.rows.append(len(feeds["x"]))
        return [2 * feeds["x"] for _ in names]


def answered(
    sizes: Sequence[tuple[int, int]], session: Gated, batches: bool = True
) -> list[np.ndarray | BaseException]:
    """Return the answers to inputs of some rows and columns that come at once."""
    settings = SimpleNamespace(max_batch=8, max_queue=6, parallel=1)
    loaded = SimpleNamespace(session=session, batches=batches)

    async def ask() -> list[np.ndarray | BaseException]:
        queue = RunQueue("model", loaded, settings)
        tasks = [
            asyncio.ensure_future(queue.run({"x": given(i, size)}, ["y"]))
            for i, size in enumerate(sizes)
        ]
        while any(not t.done() for t in tasks) and queue.waiting < min(
            6, len(sizes) - 1
        ):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        session.gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        queue.close()
        return [x if isinstance(x, BaseException) else x[0] for x in found]

    return asyncio.run(ask())


def given(i: int, size: tuple[int, int]) -> np.ndarray:
    return np.full(size, i, "float32")


CASES = {
    "one alone": ([(1, 4)], True, [1]),
    "those that wait share one": ([(1, 4)] * 7, True, [1, 6]),
    "as many rows as a batch has": ([(3, 4)] * 5, True, [3, 6, 6]),
    "others go past what is too large": (
        [(1, 4), (4, 4), (5, 4), (4, 4)],
        True,
        [1, 8, 5],
    ),
    "rows of other sizes share none": (
        [(1, 4), (1, 4), (1, 5), (1, 4)],
        True,
        [1, 2, 1],
    ),
    "a model whose rows mix": ([(1, 4)] * 4, False, [1, 1, 1, 1]),
}


@pytest.mark.parametrize("name", CASES)
def test_which_requests_share_a_run(name):
    sizes, batches, expected = CASES[name]
    session = Gated()
    found = answered(sizes, session, batches)
    for i, (size, y) in enumerate(zip(sizes, found, strict=True)):
        np.testing.assert_array_equal(y, 2 * given(i, size))
    assert session.rows == expected


def test_one_too_many_is_refused_and_the_others_are_answered():
    session = Gated()
    found = answered([(1, 4)] * 9, session)
    refused = [x for x in found if isinstance(x, BusyError)]
    assert len(refused) == 2
    assert "try again later" in str(refused[0])
    assert session.rows == [1, 6]
