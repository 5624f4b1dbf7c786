"""Recorded answers: what they say is what the model itself says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_acts import layers
from keras_acts.export import to_onnx
from keras_acts.export.parity import verify
from keras_acts.export.parity.apart.recording import Recorder
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.verify import verify_reference
from support.handmade import classifier, classifier_onnx

pytestmark = pytest.mark.runs_once("files and arrays, which are no backend's")

SETTINGS: dict[str, Any] = {
    "inputs": None,
    "providers": ("cpu",),
    "batch_sizes": (1, 3),
    "rtol": None,
    "atol": None,
    "seed": 0,
    "strict_edges": False,
}


def record(model: keras.Model, proto: Any, path: Path) -> None:
    recorder = Recorder(reference_of(model))
    verify_reference(recorder, proto, **SETTINGS)
    recorder.save(path)


def image() -> keras.Model:
    x = keras.Input((None, None, 3), name="image")
    y = layers.Mish()(keras.layers.Conv2D(4, 3)(x))
    return keras.Model(x, keras.layers.GlobalAveragePooling2D(name="y")(y))


def words() -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    y = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(11, 6)(ids))
    return keras.Model(ids, keras.layers.Dense(3, "softmax", name="y")(y))


def half() -> keras.Model:
    x = keras.Input((4,), name="x", dtype="float16")
    return keras.Model(x, keras.layers.Dense(3, name="y", dtype="float16")(x))


def activation() -> keras.Model:
    x = keras.Input((7,), name="x")
    return keras.Model(x, layers.Softplus(name="y")(x))


MODELS = {"image": image, "words": words, "half": half, "activation": activation}


@pytest.mark.parametrize("name", MODELS)
def test_a_right_file_passes_and_a_changed_one_fails(name: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    proto = to_onnx(model)
    record(model, proto, tmp_path / "answers.npz")
    report = verify(tmp_path / "answers.npz", proto)
    assert report.passed, str(report)
    assert report.outputs[0].summary.compared > 0
    if name == "activation":
        return
    weight = next(x for x in proto.graph.initializer if len(x.dims) > 1)
    array = np.frombuffer(weight.raw_data, f"<f{2 if name == 'half' else 4}") * 1.1
    weight.raw_data = array.astype(f"<f{2 if name == 'half' else 4}").tobytes()
    assert verify(tmp_path / "answers.npz", proto).status == "failed"


def test_channels_first(tmp_path: Path) -> None:
    model = image()
    record(model, to_onnx(model), tmp_path / "answers.npz")
    proto = to_onnx(model, inputs_as_nchw=["image"])
    assert verify(tmp_path / "answers.npz", proto).passed
    assert verify(model, proto).passed  # sizes that are unknown fit either layout


def test_a_provider_that_is_not_there_did_not_run(tmp_path: Path) -> None:
    model = classifier()
    record(model, classifier_onnx(model), tmp_path / "answers.npz")
    asked = ["cpu", "rocm"]
    report = verify(tmp_path / "answers.npz", classifier_onnx(model), providers=asked)
    assert report.status == "not run"


def test_another_model_is_refused(tmp_path: Path) -> None:
    model = classifier()
    record(model, classifier_onnx(model), tmp_path / "answers.npz")
    two = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    other = to_onnx(keras.Model(two, keras.layers.Add(name="sum")(two)))
    with pytest.raises(ValueError, match=r"must have the inputs .*Received: a, b"):
        verify(tmp_path / "answers.npz", other)


@pytest.mark.parametrize("change", ["cut", "text", "format", "other"])
def test_other_files_are_refused(change: str, tmp_path: Path) -> None:
    model, path = classifier(), tmp_path / "answers.npz"
    record(model, classifier_onnx(model), path)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif change == "text":
        path.write_text("no arrays")
    elif change == "format":
        np.savez(path, keras_acts_recording=np.array('{"format": 99}'))
    else:
        np.savez(path, x=np.ones(3))
    with pytest.raises(ValueError, match=r"Recorded answers must be .*Received: "):
        verify(path, classifier_onnx(model))


@pytest.mark.parametrize("name", ["image", "words", "activation"])
def test_two_files_are_compared(name: str) -> None:
    model = MODELS[name]()
    first, second = to_onnx(model), to_onnx(model, target="portable", opset=18)
    assert verify(first, second).passed
    if name == "activation":
        return
    weight = next(x for x in second.graph.initializer if len(x.dims) > 1)
    array = np.frombuffer(weight.raw_data, "<f4") * np.float32(1.1)
    weight.raw_data = array.astype("<f4").tobytes()
    assert verify(first, second).status == "failed"
