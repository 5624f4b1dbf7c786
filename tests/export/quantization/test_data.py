"""Calibration data and inputs in every form, and the mistakes made with them."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest

from keras_acts.export import OptionError, quantize
from support.handmade import onnx_model
from support.quantizable import INPUTS, dense, numbers

pytestmark = pytest.mark.runs_once("quantizes ONNX files, with no backend's help")

SETTINGS = {"speed": False, "min_agreement": 0.5, "trials": 0}
X = INPUTS["dense"](40)


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[8 * index : 8 * index + 8], np.zeros(8)


def saved(tmp_path, name: str):
    path = tmp_path / name
    (np.save if path.suffix == ".npy" else np.savez)(
        path, **({"arr": X} if path.suffix == ".npy" else {"x": X})
    )
    return path


FORMS = {
    "an array": lambda _: X,
    "a list of one": lambda _: [X],
    "by name": lambda _: {"x": X},
    "a dataset of arrays": lambda _: (X[i : i + 8] for i in range(0, 40, 8)),
    "a dataset of pairs": lambda _: ((X[i : i + 8], 0) for i in range(0, 40, 8)),
    "a dataset by name": lambda _: ({"x": X[i : i + 8]} for i in range(0, 40, 8)),
    "a sequence of Keras": lambda _: Sequence(),
    "a .npy file": lambda folder: saved(folder, "x.npy"),
    "a .npz file": lambda folder: saved(folder, "x.npz"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_forms_of_calibration_data(form, tmp_path):
    report = quantize(
        dense(), tmp_path / "q.onnx", calibration=form(tmp_path), **SETTINGS
    )
    assert report.method.startswith("int8 static")
    assert report.samples == 10  # one in four is held out
    assert report.measured_on == "held-out calibration data"


def test_a_dataset_is_read_no_further_than_needed(tmp_path):
    read = []

    def endless():
        while True:
            read.append(len(read))
            yield X[:8]

    report = quantize(
        dense(), tmp_path / "q.onnx", calibration=endless(), max_samples=20, **SETTINGS
    )
    assert len(read) == 3
    assert report.samples == 2 + 2 + 1


def test_samples_are_from_all_over_the_arrays(tmp_path):
    """The range of a network's input shows what was calibrated on."""
    steps = np.linspace(0, 100, 1000, dtype="f")[:, None].repeat(32, axis=1)
    path = tmp_path / "q.onnx"
    settings = {**SETTINGS, "max_samples": 50, "ranges": "minmax", "min_agreement": 0}
    quantize(dense(), path, calibration=steps, inputs=X, **settings)
    scales = {
        x.name: onnx.numpy_helper.to_array(x) for x in onnx.load(path).graph.initializer
    }
    assert scales["x_scale"] == pytest.approx(100 / 255, rel=1e-5)


def test_inputs_are_measured_on_alone(tmp_path):
    settings = {"calibration": X, "inputs": X[:7], **SETTINGS}
    report = quantize(dense(), tmp_path / "q.onnx", **settings)
    assert (report.samples, report.measured_on) == (7, "`inputs`")


def test_too_few_to_hold_any_out(tmp_path):
    report = quantize(dense(), tmp_path / "q.onnx", calibration=X[:3], **SETTINGS)
    assert report.measured_on == "the calibration data themselves"
    assert any("that gave the ranges" in one for one in report.warnings)


def test_a_fixed_batch(tmp_path):
    fixed = onnx_model(
        "(float[8, 32] x) => (float[8, 5] y)",
        "y = MatMul(x, w)",
        {"w": numbers(0, 32, 5)},
    )
    report = quantize(fixed, tmp_path / "q.onnx", calibration=X, **SETTINGS)
    assert report.samples == 8  # one batch of five


WRONG = {
    "another shape": (X[:, :5], "must fit the shape"),
    "another name": ({"image": X}, "one array for each of"),
    "nothing": (X[:0], "at least one sample"),
    "an empty dataset": (iter(()), "at least one sample"),
    "no file": ("missing.npz", "must be a .npy or .npz file"),
    "complex numbers": (X.astype("complex64"), "real numbers"),
    "a number": (3.5, "must fit the shape"),
    "an object": (object(), "must fit the shape"),
}


@pytest.mark.parametrize("argument", ["calibration", "inputs"])
@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_data(argument, data, message, tmp_path):
    path = tmp_path / "q.onnx"
    data = iter(()) if hasattr(data, "__next__") else data
    with pytest.raises(OptionError, match=message) as caught:
        quantize(dense(), path, **{argument: data}, **SETTINGS)
    assert f"`{argument}`" in str(caught.value)
    assert not path.exists()
