"""What a report says: its status, the table, JSON, and what ran where."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import pickle
import re
import sys

import keras
import numpy as np
import onnxruntime
import pytest

from keras_acts.export.errors import ParityError
from keras_acts.export.parity import ParityReport, verify
from keras_acts.export.parity.providers import known_providers
from support.handmade import activation, classifier, classifier_onnx, elementwise

pytestmark = pytest.mark.in_turn("reports are the same on every backend")

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def no_cuda(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])


def relu(providers=(CPU,), body="act = Relu(x)") -> ParityReport:
    return verify(activation("relu"), elementwise(body), providers=providers)


def test_a_provider_that_is_absent_did_not_run_and_never_passes(monkeypatch):
    no_cuda(monkeypatch)
    report = relu(["cuda"])
    assert (report.status, report.passed, report.outputs) == ("not run", False, ())
    (provider,) = report.providers
    assert (provider.name, provider.ran) == (CUDA, False)
    assert provider.reason == f"this build of onnxruntime has only {CPU}"
    assert f"not run: {CUDA}" in str(report)


def test_a_file_that_no_engine_of_ours_wrote_names_none():
    report = relu()
    assert report.engine is None
    assert report.to_dict()["engine"] is None
    assert "engine" not in str(report)


def test_one_that_ran_does_not_stand_for_one_that_did_not(monkeypatch):
    no_cuda(monkeypatch)
    report = relu([CPU, "cuda"])
    assert (report.status, report.passed) == ("not run", False)
    assert [one.provider for one in report.outputs] == [CPU]
    assert report.outputs[0].passed


def test_a_failure_weighs_more_than_a_provider_that_did_not_run(monkeypatch):
    no_cuda(monkeypatch)
    assert relu([CPU, "cuda"], body="act = Abs(x)").status == "failed"


@pytest.mark.skipif(
    CUDA in onnxruntime.get_available_providers(),
    reason="shows a fall-back, which needs a build without CUDA",
)
def test_a_silent_fall_back_to_cpu_is_no_run(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU, CUDA])
    report = relu(["cuda"])
    assert report.status == "not run"
    assert "in its place" in (report.providers[0].reason or "")


@pytest.mark.parametrize("providers", [["cudda"], [], "cpu"], ids=str)
def test_unknown_providers_are_refused(providers):
    with pytest.raises(ValueError, match=r"`providers` must .*Received: "):
        relu(providers)


def test_providers_have_short_names_and_options_and_cuda_no_tf32():
    asked = known_providers(["cpu", ("cuda", {"device_id": "1"})])
    assert asked == {CPU: {}, CUDA: {"use_tf32": "0", "device_id": "1"}}


def test_a_model_that_onnxruntime_refuses_fails():
    broken = elementwise("act = Relu(x)")
    broken.graph.node[0].op_type = "Relux"
    report = verify(activation("relu"), broken)
    assert report.status == "failed"
    assert "refuses the model" in report.problems[0]


def test_a_missing_onnxruntime_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r'pip install "keras-acts\[onnx\]"'):
        relu()


def test_two_builds_side_by_side_are_told(monkeypatch):
    real = importlib.metadata.distribution
    monkeypatch.setattr(
        importlib.metadata,
        "distribution",
        lambda name: real("onnxruntime" if name == "onnxruntime-gpu" else name),
    )
    report = relu()
    assert report.passed
    assert "onnxruntime and onnxruntime-gpu are both installed" in report.warnings[0]


@pytest.fixture(scope="module")
def failed() -> ParityReport:
    model = classifier()
    return verify(model, classifier_onnx(model, off={"kernel2": 0.1}), seed=7)


def test_a_report_goes_through_json(failed, tmp_path):
    path = tmp_path / "report.json"
    text = failed.to_json(path)
    assert json.loads(text) == failed.to_dict() == json.loads(path.read_text("utf-8"))
    (output,) = failed.to_dict()["outputs"]
    assert output["summary"]["mismatches"] == failed.outputs[0].summary.mismatches > 0
    assert failed.to_dict()["seed"] == 7
    assert failed.to_dict()["divergence"]["layer"] == "second"
    assert failed.to_dict()["versions"]["backend"] == keras.backend.backend()


def test_json_holds_no_numbers_that_json_lacks():
    report = verify(activation("relu"), elementwise("t = Relu(x) act = Div(t, t)"))
    json.loads(report.to_json(), parse_constant=lambda name: pytest.fail(name))


def test_the_table_names_what_failed_and_where(failed):
    text = str(failed)
    assert text.startswith("parity FAILED: ")
    assert re.search(r"probabilities +CPU +FAILED", text)
    assert "first diverging layer: second (Dense)" in text
    assert "worst of probabilities" in text


def test_the_table_of_a_report_that_passed():
    text = str(relu())
    assert text.startswith("parity OK: 23 runs, batch sizes 1, 3, seed 0")
    assert re.search(r"act +CPU +ok", text)


def test_a_report_is_frozen(failed):
    with pytest.raises(dataclasses.FrozenInstanceError):
        failed.status = "passed"


def test_a_parity_error_carries_its_report_through_pickle(failed):
    error = pickle.loads(pickle.dumps(ParityError("they differ", failed)))
    assert str(error) == "they differ"
    assert error.report.to_dict() == failed.to_dict()


def counting_model() -> keras.Model:
    """A model whose state changes with each call, and which draws random numbers."""

    @keras.saving.register_keras_serializable("parity_tests")
    class Counting(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.calls = self.add_weight(name="calls", trainable=False)
            self.seeds = keras.random.SeedGenerator(1)

        def call(self, x):
            self.calls.assign_add(1.0)
            return x + 0 * keras.random.normal((1,), seed=self.seeds)

    x = keras.Input((8,), name="x")
    return keras.Model(x, Counting(name="act")(x))


def test_the_model_is_left_as_it_was():
    model = counting_model()
    model.trainable = False
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables]
    assert verify(model, elementwise("act = Identity(x)")).passed
    after = [keras.ops.convert_to_numpy(v) for v in model.variables]
    assert len(after) == 2
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.trainable is False
