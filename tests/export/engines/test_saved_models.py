"""SavedModels: which signature, what is converted, and what it is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from keras_acts.export import (
    EngineError,
    SavedModel,
    SignatureError,
    export_model,
    load_saved_model,
    saved_model,
    to_onnx,
    verify,
)
from support import saved_models
from support.export_check import open_session, randomize
from support.structures import names

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif(
    BACKEND == "jax", reason="TensorFlow beside another backend is shown on torch"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("saved")
    saved_models.write_all(made)
    return made


def test_the_default_signature(folder: Path, tmp_path: Path) -> None:
    model = load_saved_model(folder / "plain")
    assert isinstance(model, SavedModel)
    assert model.name == "serving_default"
    before = [variable.numpy() for variable in model.variables]
    path = tmp_path / "model.onnx"
    report = export_model(model, path)
    assert report.passed
    assert (report.engine, report.versions["tensorflow"]) == ("tf2onnx", _tensorflow())
    proto = onnx.load(path)
    assert names(proto.graph.input) == ["x"]
    assert names(proto.graph.output) == ["alpha", "zeta"]
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def _tensorflow() -> str:
    import tensorflow as tf

    return str(tf.__version__)


def test_a_signature_by_name_with_integers_in_range(folder: Path) -> None:
    model = load_saved_model(folder / "plain", "lookup")
    assert model.smallest_table == 4
    renamed = to_onnx(model, input_names={"a": "words"}, output_names=["mean"])
    assert names(renamed.graph.input) == ["words", "z"]
    assert names(renamed.graph.output) == ["mean"]
    report = verify(model, to_onnx(model), seed=1)
    assert report.passed
    assert not any("refuses" in one for one in report.warnings)


def test_a_wrong_file_fails(folder: Path) -> None:
    model = load_saved_model(folder / "plain")
    proto = to_onnx(model)
    kernel = next(w for w in proto.graph.initializer if list(w.dims) == [3, 2])
    array = onnx.numpy_helper.to_array(kernel) * np.float32(1.001)
    kernel.CopyFrom(onnx.numpy_helper.from_array(array, kernel.name))
    report = verify(model, proto)
    assert report.status == "failed"
    assert report.divergence is None


@pytest.mark.files_differ("of a SavedModel's lookup table on TensorFlow")
def test_texts_are_compared_on_the_users_own(folder: Path, tmp_path: Path) -> None:
    model = load_saved_model(folder / "texts")
    with pytest.raises(ValueError, match="Strings can't be generated"):
        verify(model, to_onnx(model))
    own = np.array([["a", "b", "z"], ["b", "b", "a"]])
    report = export_model(model, tmp_path / "model.onnx", inputs=own)
    assert report.passed
    assert report.cases == ("own arrays",)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="Keras writes them there")
def test_what_keras_exports(tmp_path: Path) -> None:
    image, word = keras.Input((None, 3), name="image"), keras.Input((2,), name="word")
    pooled = layers.GlobalAveragePooling1D()(layers.Dense(4, activation="gelu")(image))
    model = keras.Model({"image": image, "word": word}, [pooled, layers.Dense(2)(word)])
    randomize(model)
    model.export(tmp_path / "saved", verbose=False)
    loaded = load_saved_model(tmp_path / "saved")
    proto = to_onnx(loaded)
    assert names(proto.graph.input) == ["image", "word"]
    assert verify(loaded, proto).passed
    arrays = {"image": np.ones((2, 5, 3), "f"), "word": np.ones((2, 2), "f")}
    answers = open_session(proto).run(None, arrays)
    for got, want in zip(answers, model(arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "signature", "error", "message"),
    [
        ("plain", "serve", SignatureError, "'serving_default', 'lookup'.*'serve'"),
        ("unsigned", None, SignatureError, "saved without"),
        ("", None, ValueError, "`path` must be the folder of a SavedModel"),
        ("nowhere", None, ValueError, "`path` must be the folder of a SavedModel"),
        ("broken", None, ValueError, "can't be loaded"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_refused(
    folder: Path, name: str, signature: str | None, error: Any, message: str
) -> None:
    (folder / "broken").mkdir(exist_ok=True)
    (folder / "broken" / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(error, match=message):
        load_saved_model(folder / name, signature)


def test_options_that_a_saved_model_has_not(folder: Path) -> None:
    model = load_saved_model(folder / "plain")
    with pytest.raises(EngineError, match="needs the engine 'tf2onnx'"):
        to_onnx(model, engine="native")
    with pytest.raises(SignatureError, match="signature of its own"):
        to_onnx(model, input_signature=(None, 3))
    with pytest.raises(SignatureError, match="signature of its own"):
        verify(model, to_onnx(model), input_signature=(None, 3))


def test_without_tensorflow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_model.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"TensorFlow, which is not installed.*pip"):
        load_saved_model(folder / "plain")
