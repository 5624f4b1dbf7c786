"""Keras's backend is not installed: what the package and the command line say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.process import ROOT

pytestmark = pytest.mark.runs_once("it hides backends from processes of its own")

# What pip writes for the entry point of pyproject.toml.
SCRIPT = "from keras_acts.cli import main\nmain()\n"


def without(
    folder: Path, packages: Sequence[str], *arguments: str, backend: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python where some packages can't be imported."""
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in packages)
    (folder / "sitecustomize.py").write_text(f"import sys\n{hidden}")
    (folder / "keras-acts").write_text(SCRIPT)
    env = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    env["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    env["KERAS_HOME"] = str(folder)  # without a file that names a backend
    if backend is not None:
        env["KERAS_BACKEND"] = backend
    return subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("packages", "backend", "expected"),
    [
        (["tensorflow"], None, "tensorflow, which is not installed. Installed: jax, "),
        (["jax"], "jax", "jax, which is not installed. Installed: tensorflow, torch"),
        (["tensorflow", "jax", "torch"], None, "No other is; install one"),
    ],
    ids=["the default", "one asked for", "none at all"],
)
def test_the_import_says_which_are_there(packages, backend, expected, tmp_path):
    done = without(tmp_path, packages, "-c", "import keras_acts", backend=backend)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: Keras's backend is ")
    assert expected in last


@pytest.mark.parametrize("how", [["-m", "keras_acts"], ["keras-acts"]], ids=str)
def test_the_command_line_says_it_in_one_line(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = without(tmp_path, ["tensorflow"], *how, "list")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("keras-acts: error: Keras's backend is tensorflow")
    assert "set KERAS_BACKEND=jax" in line


def test_the_remedy_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    how = ["-m", "keras_acts", "list", "--json"]
    done = without(tmp_path, ["tensorflow"], *how, backend="torch")
    assert done.returncode == 0, done.stderr
    assert '"Mish"' in done.stdout


def test_another_missing_package_is_left_to_itself(tmp_path):
    done = without(tmp_path, ["keras"], "-c", "import keras_acts", backend="torch")
    assert done.stderr.strip().endswith("None in sys.modules")
