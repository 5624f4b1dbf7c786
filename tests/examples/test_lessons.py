"""The lessons hold what they say, and their notebooks are the scripts, with outputs."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy

import keras
import numpy as np
import pytest

from support.process import ROOT

LESSONS = sorted((ROOT / "examples" / "lessons").glob("*.py"))
NOTEBOOKS = ROOT / "examples" / "lessons" / "notebooks"
MOST_BYTES = 300_000

pytestmark = pytest.mark.skipif(
    keras.backend.backend() not in ("torch", "jax", "tensorflow"),
    reason="this backend does not train",
)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
reads_files = pytest.mark.runs_once("no backend changes the files")


def _maker():
    spec = importlib.util.spec_from_file_location(
        "notebooks", ROOT / "docs" / "notebooks.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _last_cell(path):
    return ast.parse(path.read_text(encoding="utf-8").rpartition("# %%\n")[2]).body


def test_there_are_nine():
    assert len(LESSONS) == 9
    names = {path.stem for path in LESSONS}
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == names


@reads_files
@each_lesson
def test_the_last_cell_asserts_what_was_claimed(path):
    inside = [node for line in _last_cell(path) for node in ast.walk(line)]
    assert sum(isinstance(node, ast.Assert) for node in inside) >= 3
    assert "## What was claimed, checked" in path.read_text(encoding="utf-8")


def _run(path, monkeypatch):
    """Run a lesson as a script; return its names and how many pictures it drew."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    drawn = []

    def show():
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            figure.canvas.draw()
            assert any(axes.has_data() for axes in figure.axes)
            drawn.append(number)
        pyplot.close("all")

    monkeypatch.setattr(pyplot, "show", show)
    with mpl.rc_context():
        names = runpy.run_path(str(path), run_name="__main__")
    return names, len(drawn)


def _vanishing_gradients(names):
    """At a logit z and for the label 1: 2 (σ − 1) σ (1 − σ), and σ − 1."""
    sigmoid = 1 / (1 + np.exp(10.0))
    squared = 2 * (sigmoid - 1) * sigmoid * (1 - sigmoid)
    found = names["gradient"]
    assert found["squared error"] == pytest.approx(squared, rel=0.02)
    assert found["cross-entropy"] == pytest.approx(sigmoid - 1, rel=1e-3)


def _dead_units(names):
    """What is dead gives 0 for every digit: counted by hand."""
    model = names["relus"][0.1][0]
    for i in range(3):
        hidden = keras.Model(model.inputs, model.get_layer(f"hidden_{i}").output)
        outputs = hidden.predict(names["x"][:256], verbose=0)
        share = (outputs == 0).all(axis=0).mean()
        report = names["keras_acts"].diagnose(model, names["x"][:256], verbose=False)
        assert report[f"hidden_{i}"].dead == pytest.approx(share)


def _normalized(names):
    """Behind fifty layers SELU's outputs are those of a unit normal, nearly."""
    outputs = names["networks"]["SELU, LeCun"].predict(names["x"], verbose=0)
    assert abs(outputs.mean()) < 0.15
    assert abs(outputs.std() - 1) < 0.15


def _pieces(names):
    """With k pieces the slope of a unit takes k values at most."""
    for pieces, fit in names["fits"].items():
        slopes = np.diff(fit[:, 0]) / np.diff(names["x"][:, 0])
        assert len(np.unique(slopes.round(1))) <= 2 * pieces  # and one in each kink


def _slopes(names):
    assert [len(values) for values in names["slopes"].values()] == [36, 36, 72, 72]
    assert all(np.std(values) > 0.01 for values in names["slopes"].values())


def _betas(names):
    assert [path[0] for path in names["paths"].values()] == [1.0] * 4
    assert [round(path[-1], 1) for path in names["paths"].values()] == [
        pytest.approx(right, abs=0.25) for right in names["paths"]
    ]


def _gated(names):
    blocks = [layer for layer in names["model"].layers if "gated" in layer.name]
    assert [type(layer).__name__ for layer in blocks] == ["GatedDense"]


def _exchanged(names):
    inside = [getattr(one, "activation", one) for one in names["leaky"].layers]
    kinds = [type(one).__name__ for one in inside]
    assert kinds.count("LeakyReLU") == 6
    assert "ReLU" not in kinds


def _intervals(names):
    for name, (mean, low, high) in names["points"].items():
        paired = 100 * (names["found"][name] - names["found"]["relu"])
        assert mean == pytest.approx(paired.mean())
        assert low < mean < high
        # The normal approximation of the same interval, half to double as wide.
        half = 2.77 * paired.std(ddof=1) / len(paired) ** 0.5
        assert half < high - low < 4 * half


CLAIMS = {
    "compare_on_digits": _intervals,
    "dying_relu": _dead_units,
    "maxout": _pieces,
    "prelu_slopes": _slopes,
    "self_normalization": _normalized,
    "swap_activations": _exchanged,
    "swiglu_transformer": _gated,
    "swish_beta": _betas,
    "which_loss": _vanishing_gradients,
}
"""What is looked at besides, with what a lesson has computed."""


@pytest.mark.slow
@pytest.mark.runs_once("`pytest -m sweep` runs them on every backend")
@pytest.mark.files_differ("it depends on trained weights")
@each_lesson
def test_lesson(path, monkeypatch, capsys):
    names, pictures = _run(path, monkeypatch)
    assert pictures >= 1
    assert capsys.readouterr().out
    CLAIMS[path.stem](names)


@pytest.mark.sweep
@pytest.mark.files_differ("it depends on trained weights")
@each_lesson
def test_lesson_on_every_backend(path, monkeypatch):
    names, _ = _run(path, monkeypatch)
    CLAIMS[path.stem](names)


@reads_files
@each_lesson
def test_the_notebook_is_the_script(path):
    import jupytext
    from jupytext.compare import compare_notebooks

    notebook = jupytext.read(NOTEBOOKS / f"{path.stem}.ipynb")
    compare_notebooks(notebook, _maker().read(path), fmt="ipynb")


@reads_files
@each_lesson
def test_the_notebook_has_what_people_read(path):
    import nbformat

    file = NOTEBOOKS / f"{path.stem}.ipynb"
    assert file.stat().st_size < MOST_BYTES
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [one for cell in code for one in cell.outputs]
    assert sum("image/png" in one.get("data", ()) for one in outputs) >= 1
    assert not [one for one in outputs if one.output_type == "error"]
    assert not [one for one in outputs if one.get("name") == "stderr"]
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"0x[0-9a-f]{6}|/home/|/tmp/|/root/", text)


@pytest.mark.sweep
@each_lesson
def test_the_notebook_runs(path):
    maker = _maker()
    done = maker.run(maker.read(path))
    assert all(c.execution_count for c in done.cells if c.cell_type == "code")
