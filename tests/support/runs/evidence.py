"""What each test showed on one backend: its files' digests, and its answers.

Where every backend runs, the first one compares answers. A file is the same on each
backend, so the others leave answers out where a test asks `compares_answers`: that the
digests of its files are the first's proves the same (`support.runs.agreement`). The
marks `answers_differ` and `files_differ` say where each backend has to answer for
itself.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator, Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any
from unittest import mock

import pytest

from support.backends import FIRST
from support.runs.turns import may_be_elsewhere

LARGEST = 1 << 30
"""Bytes of weights above which a file is not read for its digest."""


@dataclass
class Evidence:
    """What one test showed.

    Attributes:
        outcome: How it ended: passed, failed, skipped or xfailed.
        files: The SHA-256 of each file that it exported, in order.
        answers: "compared" or "left out"; empty where the test did not ask.
        elsewhere: Whether another backend may do without it.
        differ: The reason of its mark `files_differ`.
        leaves_answers: Whether it may leave its answers to the first backend.
    """

    outcome: str = ""
    files: list[str] = field(default_factory=list)
    answers: str = ""
    elsewhere: bool = False
    differ: str = ""
    leaves_answers: bool = False


_CURRENT: ContextVar[Evidence | None] = ContextVar("evidence", default=None)


def compares_answers(*, always: bool = False) -> bool:
    """Tell whether the present test has to compare answers on this backend.

    Args:
        always: It has an answer of its own for this backend, to be compared anyway.
    """
    current = _CURRENT.get()
    if current is None:
        return True
    if always or not current.leaves_answers:
        current.answers = current.answers or "compared"
        return True
    current.answers = "left out"
    return False


def record_file(digest: str) -> None:
    """Add the digest of a file that is the same on every backend."""
    if (current := _CURRENT.get()) is not None:
        current.files.append(digest)


class Recorder:
    """The plugin of pytest that collects the evidence of each test.

    Args:
        backend: The backend of this process.
        answers: Whether to compare answers on this backend whatever it is.
        shared_out: Whether the other backends share the tests out.
    """

    def __init__(self, backend: str, answers: bool, shared_out: bool = False) -> None:
        self.shared_out = shared_out
        self.leaves_answers = backend != FIRST and not answers
        self.found: dict[str, Evidence] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        evidence = self.found[item.nodeid] = self._of(item)
        token = _CURRENT.set(evidence)
        try:
            return (yield)
        finally:
            _CURRENT.reset(token)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        evidence = self.found[report.nodeid]
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        if report.when == "call" or outcome != "passed":
            evidence.outcome = outcome

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as JSON can hold it."""
        return {name: asdict(evidence) for name, evidence in self.found.items()}

    def _of(self, item: pytest.Item) -> Evidence:
        differ = item.get_closest_marker("files_differ")
        own = differ or item.get_closest_marker("answers_differ")
        return Evidence(
            elsewhere=may_be_elsewhere(item, shared_out=self.shared_out),
            differ=differ.args[0] if differ else "",
            leaves_answers=self.leaves_answers and not own,
        )


@contextlib.contextmanager
def files_recorded() -> Iterator[None]:
    """Note the digest of each model whose conversion ends."""
    from keras_acts.export import api

    finished = api.finished

    def recorded(*args: Any, **kwargs: Any) -> Any:
        model = finished(*args, **kwargs)
        if _CURRENT.get() is not None:
            record_file(digest(model))
        return model

    with mock.patch.object(api, "finished", recorded):
        yield


def digest(model: Any) -> str:
    """Return the SHA-256 of a finished model's message, metadata and all."""
    import onnx_ir as ir

    weights = (value.const_value for value in model.graph.initializers.values())
    size = sum(tensor.nbytes for tensor in weights if tensor is not None)
    if size > LARGEST:
        return f"{size} bytes"
    message = ir.to_proto(model).SerializeToString(deterministic=True)
    return hashlib.sha256(message).hexdigest()
