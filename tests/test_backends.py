"""How plain `pytest` chooses backends, counts, and judges their runs."""

import pytest

from support import backends
from support.backends import BACKENDS, Run

pytestmark = pytest.mark.runs_once("it touches no backend")


@pytest.mark.parametrize(
    ("option", "variable", "expected"),
    [
        ("jax", "torch", ("jax",)),
        ("all", "torch", BACKENDS),
        (None, "torch", ("torch",)),
        (None, None, BACKENDS),
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


def test_counts_survive_the_process(tmp_path):
    path = tmp_path / "counts.json"
    stats = {"passed": [1, 2], "error": [3], "failed": [4], "xfailed": [5], "": [6]}
    backends.write_counts(str(path), stats)
    assert backends.counts_in(path) == {"passed": 2, "failed": 2, "skipped": 1}


def test_a_crash_counts_as_a_failure(tmp_path):
    assert backends.counts_in(tmp_path / "never written")["failed"] == 1


@pytest.mark.parametrize(
    ("status", "passed", "is_good"), [(0, 3, True), (0, 0, False), (1, 3, False)]
)
def test_a_good_run_ends_well_and_passes_a_test(status, passed, is_good):
    counts = {"passed": passed, "failed": 0, "skipped": 0}
    assert Run("jax", "", status, counts).is_good is is_good


@pytest.mark.parametrize(("failed", "status"), [(0, 0), (2, 1)])
def test_closing_line_adds_up(failed, status, monkeypatch, capsys):
    counts = {"passed": 5, "failed": failed, "skipped": 1}
    monkeypatch.setattr(
        backends, "run", lambda name, _: Run(name, "output\n", int(failed > 0), counts)
    )
    assert backends.run_all(("jax", "torch"), []) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"10 passed, {2 * failed} failed, 2 skipped"
    assert lines.count("output") == 2
