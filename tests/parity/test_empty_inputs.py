"""Inputs without elements, on which onnxruntime may end the process."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest

from keras_acts.export.parity import verify
from keras_acts.export.parity.apart import trial
from support.handmade import classifier, classifier_onnx

pytestmark = pytest.mark.runs_once("what onnxruntime does, in a process of its own")

CPU = "CPUExecutionProvider"

# An LSTM's kernel divides by the batch size.
LSTM = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[5,N,3] x, float[1,8,3] w, float[1,8,2] r) => (float[1,N,2] h) {
    y, h = LSTM<hidden_size = 2>(x, w, r)
}
"""


def test_a_model_that_ends_the_process_does_so_in_another() -> None:
    source = onnx.parser.parse_model(LSTM).SerializeToString()
    feeds = {
        "x": np.zeros((5, 0, 3), np.float32),
        "w": np.zeros((1, 8, 3), np.float32),
        "r": np.zeros((1, 8, 2), np.float32),
    }
    with pytest.raises(trial.EndsProcessError, match="onnxruntime ends the process on"):
        trial.check_survives(source, CPU, {}, feeds)
    feeds["x"] = np.zeros((5, 1, 3), np.float32)
    trial.check_survives(source, CPU, {}, feeds)


def test_a_recurrent_model_is_compared_on_no_samples() -> None:
    from keras_acts.export import to_onnx

    x = keras.Input((5, 3), name="x")
    model = keras.Model(x, keras.layers.LSTM(2, name="y")(x))
    report = verify(model, to_onnx(model), inputs=np.zeros((0, 5, 3), np.float32))
    assert report.status in ("passed", "failed")
    problems = [text for one in report.outputs for text in one.problems]
    assert (report.status == "passed") is (problems == [])
    assert all("ends the process" in text for text in problems)


def test_a_model_that_takes_no_samples_passes() -> None:
    model = classifier()
    inputs = np.zeros((0, 6), np.float32)
    assert verify(model, classifier_onnx(model), inputs=inputs).passed
