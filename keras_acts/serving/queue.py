"""Runs of a model, one after the other, and the requests that wait for them.

Batching is adaptive without a timer: what arrives while a run is under way shares the
next one. A request that finds the model idle is run at once and alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_acts.serving import metrics

if TYPE_CHECKING:
    from keras_acts.serving.loading import Loaded
    from keras_acts.serving.settings import Settings

Feeds = Mapping[str, np.ndarray]


class BusyError(Exception):
    """More requests wait than may; the client should come again."""


@dataclass
class _Job:
    feeds: Feeds
    names: tuple[str, ...]
    rows: int
    kind: tuple[Any, ...]
    """What has to be the same where requests share a run."""
    answer: asyncio.Future[list[np.ndarray]] = field(repr=False)


class RunQueue:
    """Runs a loaded file for many requests at a time, from one event loop."""

    def __init__(self, model: str, loaded: Loaded, settings: Settings) -> None:
        self._model = model
        self._session = loaded.session
        self._most_rows = settings.max_batch if loaded.batches else 1
        self._most_waiting = settings.max_queue
        self._parallel = settings.parallel
        self._running = 0
        self._closing = False
        self._waiting: deque[_Job] = deque()
        self._threads = ThreadPoolExecutor(settings.parallel, "onnxruntime")
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Requests that no run has taken yet."""
        return len(self._waiting)

    async def run(self, feeds: Feeds, names: Sequence[str]) -> list[np.ndarray]:
        """Return the outputs of some names.

        Args:
            feeds: The inputs by name, valid for the model.
            names: The outputs asked for.

        Raises:
            BusyError: Too many requests wait already.
        """
        if self._running >= self._parallel and self.waiting >= self._most_waiting:
            raise BusyError(f"{self.waiting} requests wait; try again later")
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_job(feeds, tuple(names), answer))
        self._start()
        found: list[np.ndarray] = await answer
        return found

    def close(self) -> None:
        """Answer what waits, and free the threads then."""
        self._closing = True
        self._free()

    def _free(self) -> None:
        if self._closing and not self._running and not self._waiting:
            self._threads.shutdown(wait=False)

    def _start(self) -> None:
        while self._waiting and self._running < self._parallel:
            self._running += 1
            task = asyncio.ensure_future(self._answer(self._next()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _next(self) -> list[_Job]:
        """Take the oldest request, and those that may share its run."""
        first = self._waiting.popleft()
        jobs, rows = [first], first.rows
        if self._most_rows == 1:
            return jobs
        left: deque[_Job] = deque()
        while self._waiting:
            job = self._waiting.popleft()
            if job.kind == first.kind and rows + job.rows <= self._most_rows:
                jobs.append(job)
                rows += job.rows
            else:
                left.append(job)
        self._waiting = left
        return jobs

    async def _answer(self, jobs: list[_Job]) -> None:
        wanted = [job for job in jobs if not job.answer.done()]  # some clients left
        metrics.ran(self._model, len(wanted), self.waiting)
        try:
            await self._answer_together(wanted)
        finally:
            self._running -= 1
            self._start()
            self._free()

    async def _answer_together(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            answers = await self._in_thread(jobs)
        except Exception as error:
            if len(jobs) == 1:
                _fail(jobs[0], error)
                return
            for job in jobs:  # the fault is one request's: the others get answers
                await self._answer_together([job])
            return
        for job, answer in zip(jobs, answers, strict=True):
            if not job.answer.done():
                job.answer.set_result(answer)

    async def _in_thread(self, jobs: list[_Job]) -> list[list[np.ndarray]]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, jobs)

    def _run(self, jobs: list[_Job]) -> list[list[np.ndarray]]:
        names = list(jobs[0].names)
        if len(jobs) == 1:
            return [self._session.run(names, dict(jobs[0].feeds))]
        feeds = {
            name: np.concatenate([job.feeds[name] for job in jobs])
            for name in jobs[0].feeds
        }
        outputs = self._session.run(names, feeds)
        ends = np.cumsum([job.rows for job in jobs])
        if any(len(x) != ends[-1] for x in outputs):
            raise RuntimeError("an output has another number of rows than the inputs")
        parts = [np.split(x, ends[:-1]) for x in outputs]
        return [list(one) for one in zip(*parts, strict=True)]


def _job(feeds: Feeds, names: tuple[str, ...], answer: asyncio.Future[Any]) -> _Job:
    inner = tuple((name, x.shape[1:]) for name, x in sorted(feeds.items()))
    rows = max((len(x) for x in feeds.values() if x.ndim), default=1)
    return _Job(feeds, names, rows, (names, inner), answer)


def _fail(job: _Job, error: Exception) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
