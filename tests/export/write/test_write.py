"""Files that appear whole or not at all, with and without a second one for weights."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from keras import layers

import keras_acts
from keras_acts.export import (
    OptionError,
    ParityError,
    WriteError,
    export_model,
    to_onnx,
)
from keras_acts.export.write import files, stream
from support.export_check import assert_alike
from support.folders import contents


def model(units: int = 3) -> keras.Model:
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Dense(units, activation="tanh", name="y")(x))


@pytest.fixture
def external(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let weights go to a second file from 64 bytes on, instead of 2 GB."""
    monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
    monkeypatch.setattr(files, "_GRAPH_SIZE", 0)


def weights_file(folder: Path) -> str:
    """Return the name of the second file, beside the model and nothing else."""
    (name,) = set(contents(folder)) - {"model.onnx"}
    assert re.fullmatch(r"model\.onnx\.[0-9a-f]{16}\.data", name)
    return name


def assert_runs(path: Path, keras_model: keras.Model) -> None:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    array = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    (got,) = session.run(None, {"x": array})
    assert_alike(got, np.asarray(keras.ops.convert_to_numpy(keras_model(array))))


def test_the_file_is_the_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    keras_model = model()
    proto = to_onnx(keras_model, path)
    assert onnx.load(path) == proto
    assert to_onnx(keras_model) == proto
    assert list(contents(tmp_path)) == ["model.onnx"]
    assert_runs(path, keras_model)


@pytest.mark.parametrize("large", [1, 64, 1 << 16])
@pytest.mark.parametrize("dtype", [None, "float16"])
def test_a_file_written_by_parts_is_the_message_to_the_byte(
    large: int, dtype: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LARGE", large)
    x = keras.Input((12, 12, 3))
    y = keras.layers.Conv2D(4, 3)(x)  # its kernel is turned, and lies in no order
    y = keras.layers.Dense(200)(keras.layers.Flatten()(y))  # 320 kB
    path = tmp_path / "model.onnx"
    proto = to_onnx(keras.Model(x, y), path, dtype=dtype)
    assert path.read_bytes() == proto.SerializeToString(deterministic=True)
    assert onnx.load(path) == proto
    onnx.checker.check_model(proto, full_check=True)


@pytest.mark.parametrize("dtype", ["BFLOAT16", "INT4", "INT8", "FLOAT8E4M3FN", "BOOL"])
def test_numbers_of_any_type_are_written(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LARGE", 1)
    kind = ir.DataType[dtype]
    numbers = np.arange(7).astype(kind.numpy())
    weight = ir.Value(name="w", const_value=ir.tensor(numbers, kind, name="w"))
    weight.shape, weight.type = ir.Shape([7]), ir.TensorType(kind)
    graph = ir.Graph([], [weight], nodes=[], initializers=[weight], name="graph")
    written = ir.Model(graph, ir_version=10)
    graph.opset_imports[""] = 23
    with (tmp_path / "file").open("wb") as file:
        stream.write(stream.checked_outline(written), written, file)
    whole = ir.to_proto(written).SerializeToString(deterministic=True)
    assert (tmp_path / "file").read_bytes() == whole


@pytest.mark.parametrize("path", ["model.onnx", "no_suffix", "a name.with dots.onnx"])
def test_paths(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    to_onnx(model(), path)
    to_onnx(model(), tmp_path / path)
    assert list(contents(tmp_path)) == [path]


def test_metadata_says_who_made_it_and_not_where_or_when(tmp_path: Path) -> None:
    path = tmp_path / "folder_that_shall_not_leak.onnx"
    proto = to_onnx(model(), path)
    assert (proto.producer_name, proto.producer_version) == (
        "keras-acts",
        keras_acts.__version__,
    )
    metadata = {p.key: p.value for p in proto.metadata_props}
    assert metadata == {
        "keras_acts_engine": "native",
        "keras_acts_version": keras_acts.__version__,
        "keras_version": keras.__version__,
    }
    written = path.read_bytes()
    for leak in (
        str(tmp_path),
        "folder_that",
        str(Path.cwd()),
        keras.backend.backend(),
    ):
        assert leak.encode() not in written


@pytest.mark.usefixtures("external")
def test_weights_in_a_second_file(tmp_path: Path) -> None:
    path, keras_model = tmp_path / "model.onnx", model(32)
    proto = to_onnx(keras_model, path)
    weights = weights_file(tmp_path)
    kernel = next(x for x in proto.graph.initializer if "kernel" in x.name)
    assert kernel.data_location == onnx.TensorProto.EXTERNAL
    assert {e.key: e.value for e in kernel.external_data}["location"] == weights
    assert_runs(path, keras_model)


@pytest.mark.usefixtures("external")
def test_weights_in_a_second_file_need_a_path() -> None:
    with pytest.raises(OptionError, match=r"2 GB.*Received: path=None"):
        to_onnx(model(16))


@pytest.mark.usefixtures("external")
def test_a_model_with_a_second_file_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    report = export_model(model(32), path)
    assert report.passed
    assert contents(tmp_path)[weights_file(tmp_path)]


@pytest.mark.usefixtures("external")
def test_both_files_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    first, second = model(32), model(24)
    to_onnx(first, path)
    older = weights_file(tmp_path)
    to_onnx(second, path)
    assert weights_file(tmp_path) != older
    assert_runs(path, second)


def fails(*_args: Any, **_kwargs: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("at", ["_write_single_file", "Path.replace"])
@pytest.mark.parametrize("older", [True, False], ids=["older file", "no file"])
def test_a_failure_leaves_what_was_there(
    at: str, older: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    if older:
        path.write_bytes(b"older")
    before = contents(tmp_path)
    owner, name = (Path, "replace") if at == "Path.replace" else (files, at)
    monkeypatch.setattr(owner, name, fails)
    with pytest.raises(WriteError, match=r"No space left.*Received: path="):
        to_onnx(model(), path)
    monkeypatch.undo()
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("external")
@pytest.mark.parametrize("older", [True, False], ids=["older files", "no files"])
def test_a_failure_between_the_two_files_leaves_what_was_there(
    older: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    if older:
        to_onnx(model(24), path)
    before = contents(tmp_path)
    replace = Path.replace

    def fail_for_the_model(self: Path, target: Path) -> Path:
        return fails() if self.name == "model.onnx" else replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_for_the_model)
    with pytest.raises(WriteError):
        to_onnx(model(32), path)
    assert contents(tmp_path) == before


def test_a_model_that_answers_differently_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"older")
    with pytest.raises(ParityError, match="was not written") as caught:
        export_model(model(), path, rtol=0.0, atol=0.0, dtype="float16")
    assert caught.value.report.status == "failed"
    assert contents(tmp_path) == {"model.onnx": b"older"}


def test_a_provider_that_is_not_there_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match="not compared on every provider") as caught:
        export_model(model(), tmp_path / "m.onnx", providers=["DnnlExecutionProvider"])
    assert caught.value.report.status == "not run"
    assert contents(tmp_path) == {}
