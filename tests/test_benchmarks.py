"""The benchmarks know every activation, and write what they measured."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import environment, report, rivals, subjects, targets
from benchmarks.timing import Timings, compare
from keras_acts import catalogue
from support.process import ROOT

NAMES = set(catalogue.activations())
no_backend = pytest.mark.runs_once("it touches no backend")


@no_backend
def test_a_ratio_is_taken_round_by_round():
    # The machine slowed down by half after the first round; the ratio did not change.
    times = Timings({"a": np.array([1.0, 2.0, 2.0]), "b": np.array([2.0, 4.0, 4.0])})
    assert times.ratio("a", "b").to_list() == [0.5, 0.5, 0.5]
    assert times.median("b") == 4.0


@no_backend
def test_each_contestant_has_as_many_rounds_as_it_was_asked_for():
    calls = []
    times = compare(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")},
        rounds=3,
        runs=2,
        block_seconds=0.0,
    )
    assert {name: len(x) for name, x in times.seconds.items()} == {"a": 3, "b": 3}
    # Two calls each to warm up, then blocks of two, the order turned every round.
    assert "".join(calls) == "aabb" + "aabb" + "bbaa" + "aabb"


def test_every_activation_is_a_subject():
    made = subjects.activations()
    assert {name.split(" ")[0] for name in made} == NAMES
    assert all(one.build().built for one in made.values())


def test_peers_export_what_keras_has_itself():
    made = subjects.official()
    assert set(made) == set(subjects.activations())
    layers = {name: one.build().layers[1] for name, one in made.items()}
    modules = {name: type(layer).__module__ for name, layer in layers.items()}
    assert modules["Mish"].startswith("keras.")
    assert modules["PReLU slopes on both sides of 1"].startswith("keras.")
    assert modules["Maxout"].startswith("keras_acts.")


@no_backend
def test_every_activation_has_a_rival_or_a_reason():
    assert set(rivals.rivals()) | set(rivals.WITHOUT) == NAMES
    assert not set(rivals.rivals()) & set(rivals.WITHOUT)


@pytest.mark.parametrize("name", ["deep", "wide"])
def test_sized_subjects_are_made_of_their_names(name):
    model = getattr(subjects, name)()["3"].build()
    sizes = {"deep": len(model.layers) - 1, "wide": model.count_params() * 4 / 1e6}
    assert sizes[name] == pytest.approx(3, rel=0.1)


@no_backend
def test_the_page_shows_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "PAGE", tmp_path / "performance.md")
    ratio = [0.25, 0.2, 0.3]
    row = {
        "activation": "Mish",
        "elements": 1 << 20,
        "threads": 1,
        "against": {"relu": ratio, "portable": ratio, "jax": ratio},
        "fastest_peer": "jax",
        "operators": {"cpu": {"Exp": 1}, "jax": {"Mish": 1}},
        "failing": {"tensorflow": "no file: ValueError", "torch": "answers otherwise"},
    }
    environment.save("activations", [row])
    report.main()
    page = (tmp_path / "performance.md").read_text()
    line = next(x for x in page.splitlines() if x.startswith("| Mish | "))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == [
        *("1,048,576", "1", "0.25", "0.25"),
        *("*fails*: no file", "0.25 (0.20–0.30)", "*fails*: answers otherwise"),
    ]


@no_backend
def test_results_say_where_they_are_from():
    for path in environment.RESULTS.glob("*.json"):
        content = json.loads(path.read_text())
        assert {"machine", "versions", "settings", "rows"} <= set(content)


@no_backend
def test_an_earlier_result_is_added_to_on_the_same_machine_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "RESULTS", tmp_path)
    assert environment.kept("x", [], dict.get) == []
    environment.save("x", [{"n": 1}, {"n": 2}])
    assert environment.kept("x", [{"n": 2}], lambda row: row["n"]) == [{"n": 1}]
    monkeypatch.setattr(environment, "machine", lambda: "another")
    with pytest.raises(ValueError, match=r"another machine.*Received"):
        environment.kept("x", [], lambda row: row["n"])


@no_backend
def test_each_command_shows_its_help():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.export_cost", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "memory" in done.stdout


@no_backend
def test_a_target_names_what_misses_it():
    steps = {"Mish (jax, jit)": 1.04, "ELU (torch, eager)": 2.0, "ELU (jax, jit)": 3.0}
    finding = targets.Finding("step", 1.05, steps, {"ELU": "it is exact"})
    assert list(finding.missed) == ["ELU (torch, eager)", "ELU (jax, jit)"]
    assert finding.cells() == [
        *("step", "1.05", "1 of 3"),
        "ELU 2.00 (torch, eager), 3.00 (jax, jit): it is exact",
    ]
    assert targets.Finding("step", 1.05, {}).cells()[-1] == "not measured"


@no_backend
def test_a_miss_against_the_same_operators_says_so():
    def missed(theirs):
        row = {
            "activation": "ReLU",
            "elements": 1 << 20,
            "threads": 1,
            "against": {"portable": [1.2, 1.1, 1.3], "jax": [1.2, 1.1, 1.3]},
            "fastest_peer": "jax",
            "operators": {"cpu": {"Relu": 1}, "jax": theirs},
        }
        return next(targets.of_activations([row])).cells()[-1]

    assert missed({"Relu": 1, "Identity": 1}).endswith("the same operators, or more")
    assert missed({"Max": 1}) == "ReLU 1.20"


def test_targets_are_on_subjects_that_are_measured():
    named = {*targets.AGAINST_PLAIN, *targets.AGAINST_PEERS, *targets.WHY}
    assert set(targets.WHY_STEPS) <= NAMES
    assert named <= set(subjects.activations())
