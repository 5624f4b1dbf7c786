"""Keras's backend is not installed: what the package and the command line say."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

from keras_acts import _backend
from support.process import ROOT

pytestmark = pytest.mark.runs_once("it hides backends from processes of its own")

# What pip writes for the entry point of pyproject.toml.
SCRIPT = "from keras_acts.cli import main\nmain()\n"

EACH = ("tensorflow", "jax", "torch", "openvino")

HIDE = """
import sys

class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Hiding, sys.meta_path)
"""
"""What makes some packages as good as not installed."""


def without(
    folder: Path, packages: Sequence[str], *arguments: str, backend: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python where some packages are not installed."""
    hiding = HIDE.replace("{hidden!r}", repr(list(packages)))
    (folder / "sitecustomize.py").write_text(hiding)
    (folder / "keras-acts").write_text(SCRIPT)
    env = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    others = filter(None, [env.get("PYTHONPATH")])
    env["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT), *others])
    env["KERAS_HOME"] = str(folder)  # without a file that names a backend
    if backend is not None:
        env["KERAS_BACKEND"] = backend
    return subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    x = keras.Input((4,))
    path = tmp_path / "saved.keras"
    keras.Model(x, keras.layers.Dense(3)(x)).save(path)
    return path


@pytest.mark.parametrize(
    ("packages", "backend", "expected"),
    [
        (["tensorflow"], None, "tensorflow, which is not installed. Installed: jax, "),
        (["jax"], "jax", "jax, which is not installed. Installed: tensorflow, torch"),
        (
            ["jax"],
            "numpy",
            "numpy, which imports jax, and jax is not installed. Installed: tensorflow",
        ),
        (["openvino"], "openvino", "openvino, which is not installed. Installed: "),
        (EACH, "jax", "No other is; install one"),
    ],
    ids=["the default", "one asked for", "NumPy's", "OpenVINO", "none at all"],
)
def test_the_import_says_which_are_there(packages, backend, expected, tmp_path):
    done = without(tmp_path, packages, "-c", "import keras_acts", backend=backend)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: Keras's backend is ")
    assert expected in last


def test_without_any_backend_the_package_can_be_imported(tmp_path):
    """A service of exported files has none."""
    code = "import keras_acts.serving, sys; print('keras' in sys.modules)"
    done = without(tmp_path, EACH, "-c", code)
    assert (done.stdout.strip(), done.returncode) == ("False", 0), done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "import keras_acts.layers",
        "from keras_acts import functional",
        "from keras_acts.export import export_model",
    ],
)
def test_what_needs_a_backend_then_says_so(statement, tmp_path):
    done = without(tmp_path, EACH, "-c", statement)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: Keras's backend is tensorflow, which is not")
    assert "No other is; install one" in last


@pytest.mark.parametrize("how", [["-m", "keras_acts"], ["keras-acts"]], ids=str)
def test_the_command_line_says_it_in_one_line(how, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = [*how, "export", str(saved), "model.onnx"]
    done = without(tmp_path, ["jax"], *line, backend="jax")
    assert done.returncode == 2
    assert done.stdout == ""
    (said,) = done.stderr.strip().splitlines()
    assert said.startswith("keras-acts: error: Keras's backend is jax, which is not")
    assert "set KERAS_BACKEND=tensorflow" in said


@pytest.mark.slow
@pytest.mark.parametrize("taken", ["torch", "openvino"])
def test_the_command_line_takes_another_for_a_missing_default(
    taken, saved, tmp_path, monkeypatch
):
    if importlib.util.find_spec(taken) is None:
        pytest.skip(f"{taken} is not installed; the test extra leaves it out")
    monkeypatch.chdir(tmp_path)
    line = ["-m", "keras_acts", "export", str(saved), "model.onnx", "--json"]
    before = _backend.PREFERRED[: _backend.PREFERRED.index(taken)]
    done = without(tmp_path, ["tensorflow", *before], *line)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["versions"]["backend"] == taken
    said = [x for x in done.stderr.splitlines() if x.startswith("keras-acts: ")]
    assert said == [
        f"keras-acts: warning: Keras's backend tensorflow is not installed, so {taken} "
        "is used; set KERAS_BACKEND to choose another."
    ]


@pytest.mark.slow
def test_the_command_line_runs_on_numpy_if_asked(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = ["-m", "keras_acts", "export", str(saved), "model.onnx", "--json"]
    done = without(tmp_path, ["tensorflow", "torch"], *line, backend="numpy")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["report"]
    assert report["versions"]["backend"] == "numpy"
    assert "warning" not in done.stderr.lower()  # of infinities, which verify draws


def test_the_catalogue_needs_no_backend(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    how = ["-m", "keras_acts", "list", "--json"]
    done = without(tmp_path, EACH, *how)
    assert done.returncode == 0, done.stderr
    assert '"Mish"' in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("present", "taken"),
    [
        (["torch", "jax"], "torch"),
        (["jax"], "jax"),
        (["openvino", "jax"], "jax"),
        (["openvino"], "openvino"),
        (["tensorflow", "jax"], None),
        ([], None),
    ],
    ids=str,
)
def test_which_is_taken(present, taken, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras")
    for name in EACH:
        there = SimpleNamespace(__spec__=ModuleSpec(name, None))
        monkeypatch.setitem(sys.modules, name, there if name in present else None)
    said = _backend.replace_missing_default()
    assert os.environ.get("KERAS_BACKEND") == taken
    assert (said is None) is (taken is None)
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # one that is asked for stays
    assert _backend.replace_missing_default() is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"backend": "jax"}', '{"backend": "openvino"}']
)
def test_settings_of_keras(content, tmp_path, monkeypatch):
    """A file of settings may be anything, and says which backend is the default."""
    (tmp_path / "keras.json").write_text(content)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    named = [name for name in EACH if name in content]
    hidden = named[0] if named else "tensorflow"
    for name in ("keras", hidden):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "keras")
    said = _backend.replace_missing_default()
    assert said is not None
    assert said.startswith(f"Keras's backend {hidden} is not installed, so torch is")
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_another_missing_package_is_left_to_itself(tmp_path):
    done = without(tmp_path, ["keras"], "-c", "import keras_acts", backend="torch")
    assert done.stderr.strip().endswith("No module named 'keras'")
