"""Recorded answers: what they say is what the model itself says."""

from __future__ import annotations

import json
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
    reference = reference_of(model)
    recorder = Recorder(reference)
    verify_reference(reference, proto, **SETTINGS, keep=recorder.keep)
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


def steep() -> keras.Model:
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(3, kernel_initializer="random_normal")(x)
    return keras.Model(x, layers.Mish(name="y")(y))


def loses_digits() -> keras.Model:
    """A model whose float32 loses much: a small difference of large sums."""
    x = keras.Input((64,), name="x")
    y = keras.layers.Dense(48)(x)
    far = keras.layers.Rescaling(1.0, offset=4096.0)(y)
    near = keras.layers.Rescaling(1.0, offset=-4096.0)(far)
    return keras.Model(x, keras.layers.Dense(5, name="y")(near))


@pytest.mark.parametrize("make", [steep, loses_digits, image, words, activation])
@pytest.mark.parametrize("seed", range(2))
def test_the_verdict_is_that_beside_the_model(
    make: Any, seed: int, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(seed)
    model = make()
    proto = to_onnx(model)
    record(model, proto, tmp_path / "answers.npz")
    here, there = verify(model, proto), verify(tmp_path / "answers.npz", proto)
    assert (here.status, there.status) == ("passed", "passed"), str(there)
    assert there.cases == here.cases
    summaries = (report.outputs[0].summary for report in (here, there))
    compared, replayed = summaries
    assert replayed.worst.case in here.cases
    # Beside the model the file runs once more, with optimizations off.
    assert compared.compared >= replayed.compared > 0


def test_float64_decides_on_recorded_answers(tmp_path: Path) -> None:
    """Answers that rounding moved beyond the table are right, by those in float64."""
    model = steep()
    proto = to_onnx(model)
    record(model, proto, tmp_path / "answers.npz")
    moved, without = tmp_path / "moved.npz", tmp_path / "without.npz"
    with np.load(tmp_path / "answers.npz") as file:
        arrays = {name: file[name] for name in file.files}
    contents = json.loads(str(arrays["keras_acts_recording"]))
    arrays["0/output/y"] = arrays["0/output/y"] * np.float32(1 + 4e-5)
    np.savez(moved, **arrays)
    report = verify(moved, proto)
    assert report.passed, str(report)
    assert report.outputs[0].rounding is not None
    contents["no_float64"] = "its layers have no configuration"
    arrays["keras_acts_recording"] = np.array(json.dumps(contents))
    np.savez(without, **arrays)
    report = verify(without, proto)
    assert report.status == "failed"
    assert "its layers have no configuration" in str(report)


def test_outputs_that_draw_are_left_out(tmp_path: Path) -> None:
    x = keras.Input((4,), name="x")
    noise = keras.layers.Lambda(
        lambda x: x + keras.random.normal(keras.ops.shape(x)), output_shape=(4,)
    )(x)
    model = keras.Model(x, {"sure": keras.layers.Dense(3)(x), "drawn": noise})
    proto = to_onnx(model)
    record(model, proto, tmp_path / "answers.npz")
    report = verify(tmp_path / "answers.npz", proto)
    assert report.passed, str(report)
    assert [one.name for one in report.outputs] == ["sure"]
    assert "'drawn' draws random numbers" in str(report)
    with pytest.raises(ValueError, match="Received: a model of which each does"):
        record(
            keras.Model(x, noise), to_onnx(keras.Model(x, noise)), tmp_path / "b.npz"
        )
