"""`keras-acts quantize`, and `export --quantize`: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app
from keras_acts.cli.codes import Code
from keras_acts.export.metadata import Metadata
from support.handmade import classifier, classifier_onnx

pytestmark = pytest.mark.runs_once("options are the same on every backend")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return classifier()


@pytest.fixture
def folder(model, tmp_path, monkeypatch) -> Path:
    model.save(tmp_path / "model.keras")
    path = tmp_path / "model.onnx"
    path.write_bytes(classifier_onnx(model).SerializeToString())
    x = np.random.default_rng(0).normal(size=(80, 6)).astype("f")
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "other.npz", picture=x)
    (tmp_path / "empty.npy").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def quantized(*line: str, command: str = "quantize"):
    return CliRunner().invoke(app, [command, *line])


LOOSE = ("--no-speed", "--min-agreement", "0.5")


def test_with_calibration_data(folder):
    line = ("model.onnx", "q.onnx", "--calibration", "x.npy", *LOOSE)
    result = quantized(*line, "--report", "r.json")
    assert result.exit_code == Code.DONE, result.output
    assert result.stdout.startswith("answers AGREE: 20 samples, held-out")
    assert "wrote q.onnx" in result.stdout
    assert json.loads((folder / "r.json").read_text("utf-8"))["status"] == "agrees"
    assert Metadata.of(onnx.load("q.onnx")).quantization.startswith("int8 static")


def test_as_json_against_the_keras_model(folder):
    line = ("model.onnx", "q.onnx", "--mode", "float16", "--calibration", "x.npy")
    result = quantized(*line, "--model", "model.keras", "--json", *LOOSE)
    assert result.exit_code == Code.DONE, result.output
    found = json.loads(result.stdout)
    assert found["exit_code"] == 0
    assert found["report"]["method"] == "float16"
    assert found["report"]["samples"] == 80


def test_without_data_it_is_not_proven(folder):
    result = quantized("model.onnx", "q.onnx", *LOOSE)
    assert result.exit_code == Code.NOT_PROVEN, result.output
    assert "generated inputs alone" in result.stderr
    assert (folder / "q.onnx").exists()


def test_answers_that_differ(folder):
    line = ("--inputs", "x.npy", "--min-agreement", "1", "--trials", "0", "--no-speed")
    strict = ("--mode", "int4-weights", "--block-size", "16", "--max-error", "0")
    result = quantized("model.onnx", "q.onnx", *line, *strict)
    assert result.exit_code in (Code.PARITY_FAILED, Code.DONE)
    says = {Code.PARITY_FAILED: "answers DIFFER", Code.DONE: "answers AGREE"}
    assert says[Code(result.exit_code)] in result.stdout


def test_on_the_way_of_an_export(folder):
    line = ("model.keras", "q.onnx", "--quantize", "int8", "--calibration", "x.npy")
    result = quantized(*line, "--json", command="export")
    found = json.loads(result.stdout)
    cost = found["report"]["quantization"]
    assert cost["method"].startswith("int8 static")
    assert (found["report"]["status"] == "passed") == (cost["status"] == "agrees")
    assert Metadata.of(onnx.load("q.onnx")).verdict == cost["status"]
    assert sorted(x.name for x in folder.iterdir() if "onnx" in x.name) == [
        *("model.onnx", "q.onnx"),
    ]


WRONG = {
    "--mode must be one of int8, int8-dynamic": ["--mode", "int9"],
    "--ranges must be one of percentile": ["--ranges", "max"],
    "--block-size must be one of 16": ["--block-size", "20"],
    "--min-agreement must be a number from 0 to 1": ["--min-agreement", "99"],
    "--max-error must be a finite number": ["--max-error", "-1"],
    "--trials must be an integer, 0 or above": ["--trials", "-1"],
    "--max-samples must be an integer, 1 or above": ["--max-samples", "0"],
    "--seed must be an integer": ["--seed", "-1"],
    "--report must be a .json file": ["--report", "r.html"],
    "--calibration must be a .npy or .npz file": ["--calibration", "empty.npy"],
    "--calibration must be a file that exists": ["--calibration", "none.npy"],
    "--inputs must be a .npy or .npz file": ["--inputs", "model.onnx"],
    "`calibration` must hold one array for each": ["--calibration", "other.npz"],
    "`keep_float` must have names of nodes": [
        *("--keep-float", "nothing", "--calibration", "x.npy"),
    ],
}


@pytest.mark.parametrize(("message", "flags"), WRONG.items())
def test_wrong_flags(message, flags, folder):
    result = quantized("model.onnx", "q.onnx", *flags)
    assert result.exit_code == Code.BAD_INPUT, result.output
    (line,) = (x for x in result.stderr.splitlines() if "error" in x)
    assert line.startswith(f"keras-acts: error: {message}")
    assert "Received: " in line
    assert not (folder / "q.onnx").exists()


EXPORT = {
    "--calibration is for --quantize": ["--calibration", "x.npy"],
    "--quantize must be one of": ["--quantize", "int9"],
    "--no-verify must be left out with --quantize": [
        *("--quantize", "int8", "--no-verify"),
    ],
}


@pytest.mark.parametrize(("message", "flags"), EXPORT.items())
def test_wrong_flags_of_export(message, flags, folder):
    result = quantized("model.keras", "q.onnx", *flags, command="export")
    assert result.exit_code == Code.BAD_INPUT, result.output
    assert result.stderr.startswith(f"keras-acts: error: {message}")
    assert not (folder / "q.onnx").exists()


@pytest.mark.parametrize("out", ["q.txt", "none/q.onnx", "."])
def test_wrong_destinations(out, folder):
    result = quantized("model.onnx", out)
    assert result.exit_code == Code.BAD_INPUT
    assert "OUT must" in result.stderr
