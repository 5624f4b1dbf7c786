"""Which backends a run is for, and how plain `pytest` counts and judges its parts."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from support import backends
from support.backends import BACKENDS, FIRST
from support.differences import here, on
from support.process import ROOT
from support.runs import parts, shared, turns
from support.runs.agreement import agreement
from support.runs.cross_section import left_out
from support.runs.evidence import Evidence, Recorder, compares_answers
from support.runs.parts import FEWEST_DIGESTS, NO_TESTS, ORDER, Part, Run

pytestmark = pytest.mark.runs_once("it computes on no backend")


@pytest.mark.parametrize(
    ("option", "variable", "expected"),
    [
        ("jax", "torch", ("jax",)),
        ("all", "torch", BACKENDS),
        (None, "torch", ("torch",)),
        (None, None, BACKENDS),
        ("torch,numpy", "jax", ("torch", "numpy")),
    ],
)
def test_option_wins_over_environment_over_all(option, variable, expected, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND")
    if variable:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    assert backends.selected(option) == expected


def test_absent_backend_is_an_error(monkeypatch):
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(pytest.UsageError, match=r"not installed: jax.*Received: 'jax'"):
        backends.selected("jax")


def test_a_reference_is_for_its_backends_alone():
    backend = keras.backend.backend()
    other = next(name for name in BACKENDS if name != backend)
    assert on("", max) is None
    assert here(None) is None
    assert here(max) is here(on(f"{backend} {other}", max)) is max
    assert here(on(other, max)) is None


# The parts


def plain(**options: Any) -> Any:
    """What pytest knows of a run without a path."""
    sources = pytest.Config.ArgsSource
    none = dict.fromkeys(("keyword", "markexpr", "deselect", "ignore"))
    return SimpleNamespace(
        args_source=sources.TESTPATHS,
        ArgsSource=sources,
        rootpath=ROOT,
        option=SimpleNamespace(**none | options),
    )


def test_the_parts_of_a_backend_are_all_tests_once():
    found = parts.parts(BACKENDS, plain())
    assert [(one.backend, one.name) for one in found] == list(ORDER)
    for backend in BACKENDS:
        paths = [p for one in found if one.backend == backend for p in one.paths]
        within = [
            [path for path in paths if str(file).startswith(path)]
            for file in (ROOT / "tests").rglob("test_*.py")
            if file.relative_to(ROOT / "tests").parts[0] not in parts.APART
        ]
        assert len(within) > 60
        assert all(len(one) == 1 for one in within)


def test_chosen_files_are_one_part():
    config = plain()
    config.args_source = config.ArgsSource.ARGS
    assert parts.parts(("jax", "torch"), config) == [Part("jax"), Part("torch")]
    assert not parts._is_whole(config)


def test_a_run_that_leaves_tests_out_is_not_whole():
    assert parts._is_whole(plain())
    assert not parts._is_whole(plain(keyword="names"))
    assert not parts._is_whole(plain(lf=True))


def test_results_survive_the_process(tmp_path):
    path = tmp_path / "results.json"
    stats = {"passed": [1, 2], "error": [3], "failed": [4], "xfailed": [5], "": [6]}
    evidence = Evidence("passed", ["a"], "compared")
    recorder = Recorder("jax", answers=False)
    recorder.found["test"] = evidence
    parts.write_results(str(path), stats, recorder.to_dict())
    counts = {"passed": 2, "failed": 2, "skipped": 1}
    assert parts.read_results(path) == (counts, {"test": evidence})


def test_a_crash_counts_as_a_failure(tmp_path):
    assert parts.read_results(tmp_path / "never written")[0]["failed"] == 1


# The agreement


def shown(*files: str, outcome: str = "passed", **more: Any) -> Evidence:
    return Evidence(outcome, [*files], **more)


COMPARED, LEFT = {"answers": "compared"}, {"answers": "left out"}

AGREEING = {
    "the same files": (shown("a", "b", **COMPARED), shown("a", "b", **LEFT)),
    "answers on both": (shown("a"), shown("a", **COMPARED)),
    "skipped on the first": (shown(outcome="skipped"), shown("a", **COMPARED)),
    "expected to fail": (shown("a", outcome="xfailed"), shown("b", **COMPARED)),
    "a failure is told elsewhere": (shown("a", outcome="failed"), shown("b")),
    "files that may differ": (shown("a", differ="why"), shown("b", differ="why")),
}
DIFFERING = {
    "other bytes": (shown("a", **COMPARED), shown("b", **LEFT), "other files: 1 on"),
    "a file more": (shown("a"), shown("a", "b"), "2 on jax"),
    "no file": (shown("a"), shown(), "0 on jax"),
    "answers compared nowhere": (shown("a"), shown("a", **LEFT), "not compared on"),
    "skipped where answers are": (
        *(shown(outcome="skipped"), shown("a", **LEFT)),
        "left out on jax are not compared on torch",
    ),
    "failing where answers are": (
        *(shown("a", outcome="xfailed", **COMPARED), shown("a", **LEFT)),
        "are not compared on torch",
    ),
}


def compared(first: Evidence | None, second: Evidence | None) -> Any:
    pair = {FIRST: first, "jax": second}
    return agreement({b: {"test": one} if one else {} for b, one in pair.items()})


@pytest.mark.parametrize("name", AGREEING)
def test_backends_agree(name):
    assert not compared(*AGREEING[name]).problems


@pytest.mark.parametrize("name", DIFFERING)
def test_backends_differ(name):
    first, second, message = DIFFERING[name]
    (problem,) = compared(first, second).problems
    assert problem.startswith("test: ")
    assert message in problem


def test_a_test_with_files_is_on_every_backend():
    assert compared(shown("a"), None).problems == ("test: is on torch and not on jax",)
    assert not compared(shown("a", elsewhere=True), None).problems
    assert not compared(shown(), None).problems


def test_digests_are_counted():
    found = compared(shown("a", "b", **COMPARED), shown("a", "b", **LEFT))
    assert (found.digests, found.left_out, found.backends) == (2, 1, 2)
    assert "2 digests of exported files compared on 2 backends" in str(found)
    assert compared(*AGREEING["files that may differ"]).digests == 0
    assert compared(*DIFFERING["other bytes"][:2]).digests == 0


# Turns


def kept(marks: tuple[str, ...], backend: str, **how: Any) -> int:
    """Return how many of a thousand tests with some marks a backend runs."""
    made = [named(f"test[{i}]", *marks) for i in range(1000)]
    return sum(
        turns.runs_here(one, backend, **{"answers": False, **how}) for one in made
    )


def test_the_first_backend_runs_every_test():
    assert kept(("in_turn",), FIRST) == kept(("runs_once",), FIRST) == 1000


@pytest.mark.parametrize("backend", turns.OTHERS)
def test_the_others_take_turns(backend):
    assert kept((), backend) == 1000
    assert kept(("runs_once",), backend) == 0
    assert kept(("runs_once",), backend, answers=True) == 0
    assert 800 < kept(("in_turn",), backend) * turns.TURNS < 1200
    assert kept(("in_turn",), backend, answers=True) == 1000


def test_the_others_share_out_what_is_of_no_backend():
    for backend in turns.OTHERS:
        assert 800 < kept((), backend, shared_out=True) * turns.TURNS < 1200
    assert kept((), FIRST, shared_out=True) == 1000
    for mark in turns.OWN:
        assert kept((mark,), turns.OTHERS[0], shared_out=True) == 1000
    assert not turns.may_be_elsewhere(named("test"))
    assert turns.may_be_elsewhere(named("test"), shared_out=True)


# The cross-section


def test_a_cross_section_and_the_rest_are_all_tests_once():
    tables = [named(f"test_{i}[{j}]") for i in range(20) for j in range(i + 1)]
    alone = [named("test_alone"), named("test_slow", "slow"), named("l[0]", "slow")]
    asked = [named(f"test_large[{i}]", "heavy") for i in range(9)]
    items = [*tables, *alone, *asked]
    rest = [one.nodeid for one in left_out(items, rest=False)]
    drawn = [one.nodeid for one in left_out(items, rest=True)]
    assert sorted(drawn + rest) == sorted(one.nodeid for one in items)
    assert {"test_slow", "l[0]"} <= {*rest}
    assert {"test_alone", *(one.nodeid for one in asked)} <= {*drawn}
    assert len({name.partition("[")[0] for name in drawn}) == 22  # each table
    assert len(drawn) < len(items) / 3


def test_a_cross_section_is_a_tenth_of_a_large_table():
    table = [named(f"test[{i}]") for i in range(10000)]
    assert 900 < len(left_out(table, rest=True)) < 1100


# What a test asks


def asked(item: Any, backend: str, *, answers: bool = False, **how: Any) -> Any:
    """Return what a test is told, and the evidence of it."""
    recorder = Recorder(backend, answers)
    protocol = recorder.pytest_runtest_protocol(item)
    next(protocol)
    told = compares_answers(**how)
    with pytest.raises(StopIteration):
        next(protocol)
    return told, recorder.found["test"].answers


def item(*marks: str) -> Any:
    return named("test", *marks)


def named(name: str, *marks: str) -> Any:
    made = {mark: getattr(pytest.mark, mark)("why").mark for mark in marks}
    return SimpleNamespace(nodeid=name, get_closest_marker=made.get)


def test_answers_are_left_to_the_first_backend():
    assert asked(item(), FIRST) == (True, "compared")
    assert asked(item(), "jax") == (False, "left out")
    assert asked(item(), "jax", answers=True) == (True, "compared")
    assert asked(item(), "jax", always=True) == (True, "compared")
    assert asked(item("answers_differ"), "jax") == (True, "compared")
    assert asked(item("files_differ"), "jax") == (True, "compared")
    assert compares_answers(), "here no recorder is at work, or it is the first backend"


# The closing lines


def finished(
    part: Part, status: int = 0, evidence: Mapping[str, Evidence] | None = None
) -> Run:
    counts = {"passed": 5, "failed": int(status == 1), "skipped": 1}
    return Run(part, "output\n", status, counts, evidence or {})


@pytest.mark.parametrize(("failed", "status"), [(0, 0), (1, 1), (NO_TESTS, 0)])
def test_closing_lines_add_up(failed, status, capsys):
    runs = [finished(Part("jax"), failed), finished(Part("torch"))]
    assert parts.conclude(runs, fewest=0) == status
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"10 passed, {int(failed == 1)} failed, 2 skipped"


def test_a_backend_without_a_test_fails(capsys):
    empty = Run(Part("jax"), "", NO_TESTS, {"passed": 0, "failed": 0, "skipped": 0})
    assert parts.conclude([empty, finished(Part("torch"))], fewest=0) == 1
    assert "jax passed no test" in capsys.readouterr().out


def test_a_disagreement_fails(capsys):
    runs = [
        finished(Part("torch"), evidence={"a test": shown("a", **COMPARED)}),
        finished(Part("jax"), evidence={"a test": shown("b", **LEFT)}),
    ]
    assert parts.conclude(runs, fewest=0) == 1
    printed = capsys.readouterr().out
    assert "a test: other files" in printed
    assert "1 disagreements" in printed


def test_a_whole_run_compares_many_digests(capsys):
    assert parts.conclude([finished(Part("torch"))], fewest=FEWEST_DIGESTS) == 1
    assert f"where {FEWEST_DIGESTS} are expected" in capsys.readouterr().out


def test_reasons_for_other_files_are_told(capsys):
    evidence = {"a test": shown("a", differ="a constant is computed by the user")}
    runs = [finished(Part(backend), evidence=evidence) for backend in ("torch", "jax")]
    assert parts.conclude(runs, fewest=0) == 0
    printed = capsys.readouterr().out
    assert "files differ in 1 tests: a constant is computed by the user" in printed


def test_failed_tests_are_named_at_the_end(capsys):
    failed = finished(Part("jax"), 1, {"a test": Evidence(outcome="failed")})
    assert parts.conclude([failed, finished(Part("torch"))], fewest=0) == 1
    assert "a test on jax: failed" in capsys.readouterr().out


# What processes share


def test_an_array_is_computed_once_in_a_run(tmp_path, monkeypatch):
    calls = []

    def compute() -> np.ndarray:
        calls.append(1)
        return np.arange(3.0)

    monkeypatch.setenv(shared.FOLDER, str(tmp_path))
    for key in (["a"], ["a"], ["b"], [b"a", "b"]):
        np.testing.assert_array_equal(shared.computed_once(key, compute), np.arange(3))
    assert len(calls) == 3
    monkeypatch.delenv(shared.FOLDER)
    shared.computed_once(["a"], compute)
    assert len(calls) == 4
