"""Odd inputs: without elements, where onnxruntime may abort; of odd dtypes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from keras_acts.export import OptionError, api, export_model
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


@pytest.mark.parametrize("dtype", ["complex64", "datetime64[s]", "timedelta64[s]"])
def test_inputs_that_are_no_numbers_are_refused(dtype: str) -> None:
    model = classifier()
    inputs = np.ones((2, 6)).astype(dtype)
    with pytest.raises(ValueError, match=r"real numbers for .*Received: dtype"):
        verify(model, classifier_onnx(model), inputs=inputs)


WRONG_OPTIONS: dict[str, list[object]] = {
    "seed": [-1, 1.0, True, "1", None],
    "batch_sizes": [(), (0,), (1.0,), (True,), 3, "13", None],
    "rtol": [-1, "x", float("nan"), float("inf"), True, [1e-3], np.ones(2)],
    "atol": [-1e-9, "x", float("nan"), float("inf"), True, [1e-3], np.ones(2)],
    "strict_edges": ["x", 1, None],
    "providers": [["nope"], [], "cpu"],
}
WRONG = [(name, value) for name, row in WRONG_OPTIONS.items() for value in row]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{n}={v}" for n, v in WRONG])
def test_a_wrong_option_is_refused_before_anything_runs(
    name: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = classifier()
    refused = pytest.raises(OptionError, match=rf"`{name}` must .*Received: ")
    with refused:
        verify(model, classifier_onnx(model), **{name: value})
    monkeypatch.setattr(api, "_converted", lambda *_: pytest.fail("it was converted"))
    with refused:
        export_model(model, tmp_path / "x.onnx", **{name: value})
