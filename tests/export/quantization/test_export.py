"""`export_model(..., quantize=...)`: verified in float, measured against Keras."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest

from keras_acts import layers
from keras_acts.export import OptionError, export_model
from keras_acts.export.metadata import Metadata

X = np.random.default_rng(0).normal(size=(64, 12)).astype("float32")


def classifier() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((12,), name="x"),
            keras.layers.Dense(48, name="first"),
            layers.Mish(),
            keras.layers.Dense(4, activation="softmax", name="y"),
        ]
    )


LOOSE = {"min_agreement": 0.5, "speed": False, "calibration": X}


@pytest.mark.answers_differ("the quantized file is measured against Keras itself")
def test_an_export_in_integers(tmp_path):
    path = tmp_path / "model.onnx"
    report = export_model(classifier(), path, quantize={"mode": "int8", **LOOSE})
    cost = report.quantization
    assert report.status == "passed"
    assert cost.method.startswith("int8 static")
    assert cost.outputs[0].classes == 16
    assert 0 < cost.outputs[0].error < 0.1
    assert cost.summary in report.notes
    assert str(cost) in str(report)
    assert Metadata.of(onnx.load(path)).verdict == "agrees"
    assert [x.name for x in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.runs_once("a report is as good on one backend as on another")
def test_what_costs_too_much_has_not_passed(tmp_path):
    path = tmp_path / "model.onnx"
    costly = {**LOOSE, "class_outputs": (), "max_error": 0.0, "trials": 0}
    with pytest.warns(UserWarning, match="answers differ"):
        report = export_model(classifier(), path, quantize=costly)
    assert report.status == "failed"
    assert path.exists()


@pytest.mark.runs_once("options are the same on every backend")
@pytest.mark.parametrize(
    "asked", ["int9", 8, {"mode": "int9"}, {"modes": "int8"}, {"seed": -1}, ["int8"]]
)
def test_wrong_requests(asked, tmp_path):
    with pytest.raises(OptionError, match="Received: "):
        export_model(classifier(), tmp_path / "model.onnx", quantize=asked)
    assert not list(tmp_path.iterdir())
