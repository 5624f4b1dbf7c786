"""The benchmarks know every activation, and write what they measured."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import (
    environment,
    reasons,
    report,
    rivals,
    subjects,
    target_tables,
    targets,
)
from benchmarks.mutation import __main__ as mutations
from benchmarks.targets import Figure, Target
from benchmarks.timing import Timings, compare
from benchmarks.twins.networks import MASK, NETWORKS
from keras_acts import catalogue
from keras_acts.export import to_onnx
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
    _, shown = (tmp_path / "performance.md").read_text().split("\n## Activations\n")
    line = next(x for x in shown.splitlines() if x.startswith("| Mish | "))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == [
        *("1,048,576", "1", "0.25", "0.25"),
        *("*fails*: no file", "0.25 (0.20–0.30)", "*fails*: answers otherwise"),
    ]


@no_backend
@pytest.mark.parametrize("name", report.PARTS)
def test_a_committed_result_says_where_it_is_from(name):
    content = environment.load(name)
    assert list(content) == ["machine", "versions", "settings", "rows"]
    assert all(content.values())


@no_backend
def test_a_result_has_a_row_on_each_line(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "RESULTS", tmp_path)
    rows = [{"n": 1, "against": {"jax": [0.5, 0.4, 0.6]}}, {"n": 2, "against": {}}]
    path = environment.save("x", rows, rounds=3)
    lines = [line.strip().rstrip(",") for line in path.read_text().splitlines()]
    assert [json.loads(line) for line in lines if line.startswith('{"n"')] == rows
    assert environment.load("x")["rows"] == rows
    assert environment.load("x")["settings"] == {"rounds": 3}


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
def test_a_target_counts_what_meets_it():
    figures = [
        Figure("Mish", "jax, jit", 1.04),
        Figure("ELU", "torch, eager", 2.0),
        Figure("ELU", "jax, jit", 3.0),
    ]
    target = Target("step", 1.05, figures)
    assert target.missed == figures[1:]
    assert target_tables.counted(target) == ["step", "1.05", "1 of 3", "3.00"]
    assert target_tables.counted(Target("step", 1.05, []))[-1] == "not measured"


@no_backend
def test_misses_stand_in_a_line_each_with_their_reasons_below():
    figures = [Figure("ELU", "jit", 3.0), Figure("ELU", "eager", 2.0)]
    figures += [Figure("Mish", "jit", 1.04), Figure("Unknown", "jit", 1.06)]
    lines = target_tables.misses("Steps", "training", [Target("step", 1.05, figures)])
    assert lines[2:] == [
        "| missed by | jit | eager | why |",
        "|---|---|---|---|",
        "| ELU | 3.00 | 2.00 | small inputs |",
        "| Unknown | 1.06 | – | – |",
        "",
        "- *small inputs*: TensorFlow's kernel returns 0 for small negative numbers, "
        "where ours\n  returns x.",
        "",
    ]


def _row(activation, ratio, theirs):
    """Return a measurement of an activation of one Relu against a peer's file."""
    return {
        "activation": activation,
        "elements": 1 << 20,
        "threads": 1,
        "against": {"portable": [0.3, 0.2, 0.4], "jax": [ratio, 1.1, 1.3]},
        "fastest_peer": "jax",
        "operators": {"cpu": {"Relu": 1}, "jax": theirs},
    }


@pytest.mark.parametrize(
    ("theirs", "label"),
    [({"Relu": 1, "Identity": 1}, "same operators"), ({"Max": 1}, "–")],
)
@no_backend
def test_a_miss_against_the_same_operators_says_so(theirs, label):
    page = target_tables.section({"activations": [_row("ReLU", 1.2, theirs)]})
    assert f"| ReLU | 1.20 | {label} |" in page.splitlines()
    assert ("- *same operators*" in page) == (label == "same operators")


@no_backend
def test_a_single_activation_is_held_against_its_own_target():
    row = _row("LogSigmoid", 1.2, {"Log": 1})
    lines = target_tables.section({"activations": [row]}).splitlines()
    assert "| LogSigmoid | 0.30 | 0.50 | **1.20** | 0.50 | logarithm of Sigmoid |" in (
        lines
    )
    assert "| PReLU | – | – | not measured | 0.55 | – |" in lines


def test_targets_and_reasons_are_on_subjects_that_are_measured():
    measured = {
        "activations": set(subjects.activations()),
        "models": set(subjects.models()),
        "training": set(rivals.rivals()),
    }
    for name, names in measured.items():
        for reason in reasons.known(name):
            assert reason.subjects <= names, reason.label
            assert reason.subjects or reason.label == reasons.SAME_OPERATORS
    single = targets.bounds()["activations"]["single"]
    assert set(single) == set(targets.SINGLE)
    assert all(set(limits) <= measured["activations"] for limits in single.values())


@no_backend
@pytest.mark.parametrize("name", ["activations", "models", "training"])
def test_labels_of_reasons_are_unique(name):
    labels = [reason.label for reason in reasons.known(name)]
    assert labels
    assert len(labels) == len(set(labels))


def test_the_committed_page_is_current(tmp_path, monkeypatch):
    written = report.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", tmp_path / "performance.md")
    report.main()
    assert report.PAGE.read_text(encoding="utf-8") == written, (
        "run `python -m benchmarks.report`: performance.md is out of date"
    )


@no_backend
def test_a_row_of_twins_has_short_cells():
    row = {
        "network": "BERT base",
        **{"batch": 1, "size": 128, "threads": 2, "milliseconds": 80.04},
        "against": {"torch.onnx": [0.98, 0.96, 0.99]},
        "failing": {"optimized": "does not run: an operator"},
        "files": {"keras-acts": {"bytes": 434e6}, "torch.onnx": {"bytes": 438e6}},
    }
    assert report.twin_cells(row)[4:] == [
        *("80.0", "0.98 (0.96–0.99)", "*fails*: does not run", "434, 438")
    ]


@no_backend
def test_twins_read_inputs_that_both_sides_have():
    for network in NETWORKS:
        arrays = network.arrays(2, 16)
        assert set(arrays) == set(network.inputs)
        assert {len(x) for x in arrays.values()} == {2}
        assert network.is_of_images or not arrays[MASK][:, -2:].any()


@pytest.mark.runs_once("the command is the same on each backend")
@pytest.mark.parametrize("name", ["tabular network", "stacked GRU"])
def test_a_file_that_is_damaged_is_found_out(name):
    subject = mutations.Subject(name)
    rows = list(subject.damaged(each=4, seed=0))
    assert subject.report.passed
    counted = mutations.summary(rows)
    assert counted["found"] == counted["due"] > 0


@pytest.mark.slow
@pytest.mark.runs_once("the networks are the same on each backend")
@pytest.mark.parametrize("name", mutations.networks.networks())
def test_networks_answer_by_the_names_of_their_inputs(name):
    model = mutations.networks.built(name)
    arrays = mutations.networks.inputs(model, 2, 0)
    model(mutations.networks.structured(model, arrays))
    assert {x.name for x in to_onnx(model).graph.input} == set(arrays)
