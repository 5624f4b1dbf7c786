"""While it runs: new versions, shared runs, full queues, workers that die, the end.

None of it loses a request, or gives a wrong answer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from support.services import NO_ANSWER, Service, onnx_file, request, serving, until

LOOP = (
    "trips = Constant <value_int = {trips}> ()\n"
    "going = Constant <value = bool {{1}}> ()\n"
    "y = Loop (trips, going, x) <body = step "
    "(int64 i, bool c, float[n, 4] a) => (bool d, float[n, 4] b) "
    "{{ d = Identity (c) s = Sin (a) b = Add (s, a) }}>"
)

MIXING = (
    "axis = Constant <value_ints = [0]> ()\n"
    "m = ReduceMean (given, axis)\n"
    "x = Sub (given, m)\n"
)


@contextlib.contextmanager
def asking(ask: Callable[[], object], clients: int = 4) -> Iterator[list[object]]:
    """Ask again and again from several threads; what is found is in the list."""
    found: list[object] = []
    going = True

    def client() -> None:
        while going:
            found.append(ask())

    with ThreadPoolExecutor(clients) as pool:
        tasks = [pool.submit(client) for _ in range(clients)]
        try:
            yield found
        finally:
            going = False
    for task in tasks:
        task.result()


def put(source: Path, target: Path) -> None:
    """Let a file take another's place, as an export does."""
    candidate = target.with_suffix(".new")
    shutil.copy(source, candidate)
    candidate.replace(target)


def test_a_new_version_loses_no_request(folder, models, answers, tmp_path):
    inputs = answers["scorer"]["features"][:4]
    new_inputs = answers["scorer_new"]["features"][:4]
    np.testing.assert_array_equal(inputs, new_inputs)
    old, new = (answers[x]["score"][:4] for x in ("scorer", "scorer_new"))
    with serving(tmp_path / "log", folder, "--watch", 0.1) as service:

        def ask() -> str:
            score = service.infer("scorer", features=inputs)["score"]
            versions = {"old": old, "new": new}
            return next(k for k, x in versions.items() if np.allclose(score, x, 1e-5))

        present = folder / "scorer.onnx"
        with asking(ask) as found:
            until(lambda: "old" in found)
            put(models / "scorer_new.onnx", present)
            until(lambda: found[-1] == "new")
            put(models / "scorer.onnx", present)
            until(lambda: found[-1] == "old")
            # A version that isn't the verified one is refused, and the older stays.
            content = bytearray((models / "scorer_new.onnx").read_bytes())
            content[200] ^= 1
            (tmp_path / "flipped").write_bytes(content)
            put(tmp_path / "flipped", present)
            refused = 'keras_acts_reloads_total{model="scorer",taken="false"}'
            until(lambda: service.metrics().get(refused, 0) >= 1)
            before = len(found)
            until(lambda: len(found) > before + 20)
            assert set(found[before:]) == {"old"}
            put(models / "scorer_new.onnx", present)
            until(lambda: found[-1] == "new")
        assert len(found) > 50
        # What comes into the folder is served as well; what is refused is told once.
        put(models / "reader.onnx", folder / "reader.onnx")
        until(lambda: "reader" in service.get("/v2/models")["models"])
        assert service.log.read_text().count("is refused") <= 2
        status, _ = service.post("/v2/repository/models/scorer/load", {})
        assert status == 200


@pytest.fixture(scope="module")
def slow(tmp_path_factory) -> Iterator[Service]:
    """A service of a model that takes about a second, and of one whose rows mix."""
    folder = tmp_path_factory.mktemp("slow")
    onnx_file(
        folder / "slow.onnx",
        "(float[n, 4] x) => (float[n, 4] y)",
        LOOP.format(trips=60_000),
    )
    onnx_file(
        folder / "mixing.onnx",
        "(float[n, 4] given) => (float[n, 4] y)",
        MIXING + LOOP.format(trips=4_000),
    )
    flags = ("--unverified", "--max-queue", 8, "--threads", 1)
    with serving(folder / "log", folder, *flags) as service:
        yield service


def runs_of(service: Service, model: str) -> float:
    """Return how many runs of a model have begun."""
    count = f'keras_acts_run_requests_count{{model="{model}"}}'
    return service.metrics().get(count, 0)


def at_once(
    count: int, service: Service, model: str, ask: Callable[[int], object]
) -> list[object]:
    """Ask some times at once, when a first request is under way."""
    before = runs_of(service, model)
    with ThreadPoolExecutor(count) as pool:
        first = pool.submit(ask, 0)
        until(lambda: runs_of(service, model) > before)
        others = [pool.submit(ask, i) for i in range(1, count)]
        return [one.result() for one in (first, *others)]


def rows(i: int) -> np.ndarray:
    return np.full((1 + i % 2, 4), i / 10, "float32") + np.arange(4, dtype="float32")


def settled(x: np.ndarray, trips: int) -> np.ndarray:
    """What the loop makes of numbers: the next multiple of pi that attracts."""
    for _ in range(min(trips, 200)):
        x = x + np.sin(x)
    return x


def test_requests_that_wait_share_a_run(slow):
    """Which of them come in time is the machine's affair; see `test_queue.py`."""
    before = runs_of(slow, "slow")
    found = at_once(7, slow, "slow", lambda i: slow.infer("slow", x=rows(i))["y"])
    for i, y in enumerate(found):
        np.testing.assert_allclose(y, settled(rows(i), 60_000), atol=1e-3)
    assert 2 <= runs_of(slow, "slow") - before < 7


def test_requests_whose_rows_would_mix_share_none(slow):
    before = runs_of(slow, "mixing")

    def ask(i: int) -> np.ndarray:
        return slow.infer("mixing", given=rows(i))["y"]

    found = at_once(6, slow, "mixing", ask)
    for i, y in enumerate(found):
        expected = settled(rows(i) - rows(i).mean(axis=0), 4_000)
        np.testing.assert_allclose(y, expected, atol=1e-3)
    assert runs_of(slow, "mixing") == before + 6


def test_more_than_may_wait_are_told_to_come_again(slow):
    def ask(i: int) -> tuple[int, object]:
        return slow.post("/v2/models/mixing/infer", request(given=rows(i)))

    found = [x for _ in range(3) for x in at_once(24, slow, "mixing", ask)]
    statuses = {status for status, _ in found}
    assert statuses == {200, 503}
    refused = [answer for status, answer in found if status == 503]
    assert "try again later" in refused[0]["error"]
    for i, (status, answer) in enumerate(found):
        if status == 200:
            y = np.reshape(answer["outputs"][0]["data"], rows(i % 24).shape)
            given = rows(i % 24)
            expected = settled(given - given.mean(axis=0), 4_000)
            np.testing.assert_allclose(y, expected, atol=1e-3)


def test_a_stop_answers_what_is_under_way(slow):
    """The last of this module: it ends the service."""
    answer: list[object] = []
    client = threading.Thread(
        target=lambda: answer.append(slow.infer("slow", x=rows(1))["y"])
    )
    before = runs_of(slow, "slow")
    client.start()
    until(lambda: runs_of(slow, "slow") > before)
    assert slow.stop() == 0
    client.join()
    np.testing.assert_allclose(answer[0], settled(rows(1), 60_000), atol=1e-3)
    assert "Traceback" not in slow.log.read_text()


def children(process: int) -> list[int]:
    """Return the processes that answer, which the first one started."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [
        int(one)
        for one in listed
        if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]


def test_a_worker_that_is_killed_gives_no_wrong_answer(models, answers, tmp_path):
    case = answers["scorer"]
    inputs, score = case["features"][:4], case["score"][:4]
    flags = ("--workers", 2, "--threads", 1)
    with serving(tmp_path / "log", models / "scorer.onnx", *flags) as service:

        def ask() -> str:
            try:
                found = service.infer("scorer", features=inputs)["score"]
            except NO_ANSWER:
                return "no answer"
            return "right" if np.allclose(found, score, 1e-5) else "wrong"

        pid = service.process.pid
        until(lambda: len(children(pid)) == 2)
        first = children(pid)
        with asking(ask) as found:
            until(lambda: len(found) > 50)
            os.kill(first[0], signal.SIGKILL)
            until(lambda: len(children(pid)) == 2 and children(pid) != first, 60)
            seen = len(found)
            until(lambda: len(found) > seen + 100, 60)
        assert "wrong" not in found
        assert found.count("no answer") <= 4  # one a client, those under way
        assert found[-50:].count("no answer") == 0
        # What the processes count is added up.
        counted = service.metrics()[
            'keras_acts_requests_total{model="scorer",outcome="answered"}'
        ]
        assert counted >= found.count("right")
        assert service.stop() == 0


def runs(process: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    return False


def test_workers_end_with_a_service_that_is_killed(models, tmp_path):
    with serving(tmp_path / "log", models / "scorer.onnx", "--workers", 2) as service:
        pid = service.process.pid
        until(lambda: len(children(pid)) == 2)
        workers = children(pid)
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not any(map(runs, workers)), 60)
