"""`keras-acts plot`: files, and mistakes answered in one line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app
from support.process import python

pytestmark = pytest.mark.runs_once("what is drawn is tested by itself")


def invoke(*arguments: str):
    return CliRunner().invoke(app, ["plot", *arguments], prog_name="keras-acts")


FILES = [
    (["mish"], "mish.png"),
    (["relu", "leaky_relu:negative_slope=0.2", "--dark"], "relu-leakyrelu.png"),
    (["prelu:alpha=0.5", "-o", "a.svg", "--no-derivative"], "a.svg"),
    (["elu", "--vary", "alpha=0.5,1,2", "--range", "-3", "2", "-o", "b.PNG"], "b.PNG"),
    (["gelu", "--size", "6", "3", "--title", "GELU", "--transparent"], "gelu.png"),
    (["--overview", "relu", "elu"], "relu-elu.png"),
]


@pytest.mark.parametrize(("arguments", "file"), FILES, ids=lambda v: str(v))
def test_a_file_is_written(arguments, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"Wrote {file}\n"
    content = (tmp_path / file).read_bytes()
    kind = b"<?xml" if file.endswith("svg") else b"\x89PNG"
    assert content.startswith(kind)
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_json_names_the_file(tmp_path):
    file = tmp_path / "x.svg"
    result = invoke("relu", "-o", str(file), "--json")
    assert json.loads(result.stdout) == {"file": str(file), "exit_code": 0}


MISTAKES = [
    (["mihs"], "Did you mean Mish"),
    (["mish:alpha=1"], "It has none"),
    (["leaky_relu:negativ_slope=1"], "Did you mean negative_slope"),
    (["elu:alpha"], "ARGUMENT=VALUE"),
    (["elu:alpha=-1"], "0 or above"),
    (["elu", "-o", "x.pgn"], "Did you mean x.png"),
    (["elu", "-o", "x"], ".png, .svg, .pdf"),
    (["elu", "-o", "missing/x.png"], "a folder that exists"),
    (["elu", "--range", "2", "1"], "the lower one first"),
    (["elu", "--range", "nan", "1"], "two finite numbers"),
    (["elu", "--size", "1", "1"], "from 2 to 100"),
    (["elu", "--vary", "alhpa=1"], "Did you mean alpha"),
    (["elu", "--vary", "alpha=one"], "alpha=0.5,1,2"),
    (["elu", "--darkk"], "--dark"),
    ([], "--overview"),
    (["--overview", "--title", "x"], "goes without --title"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda v: str(v))
def test_a_mistake_is_answered_in_one_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""
    assert not list(tmp_path.iterdir())


def test_mistakes_are_found_before_keras_is_imported():
    done = python("-X", "importtime", "-m", "keras_acts", "plot", "mihs", backend="jax")
    assert done.returncode == 2
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not {"keras", "numpy", "matplotlib"} & imported
