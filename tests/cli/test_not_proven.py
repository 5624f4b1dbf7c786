"""Exit code 5: nothing differs, and nothing is proven."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_acts.cli.app import app

NOT_PROVEN = 5

pytestmark = pytest.mark.runs_once("the commands are the same on each backend")


def invoke(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "constant.keras"
    x = keras.Input((8,), name="x")
    y = keras.layers.Dense(2, kernel_initializer="zeros", name="y")(x)
    keras.Model(x, y).save(path)
    return path


def test_an_export_that_is_not_proven_writes_and_leaves_with_5(model, tmp_path):
    out = tmp_path / "model.onnx"
    result = invoke("export", model, out)
    assert result.exit_code == NOT_PROVEN, result.output
    assert out.exists()
    assert result.stdout.startswith("NOT PROVEN: ")
    assert "it is not proven that it answers like the Keras model" in result.stderr
    again = invoke("verify", model, out, "--json")
    assert again.exit_code == NOT_PROVEN
    assert json.loads(again.stdout)["report"]["status"] == "not proven"


def test_own_inputs_do_not_prove_a_constant(model, tmp_path):
    own, out = tmp_path / "own.npy", tmp_path / "model.onnx"
    np.save(own, np.ones((2, 8), np.float32))
    assert invoke("export", model, out, "--inputs", own).exit_code == NOT_PROVEN
