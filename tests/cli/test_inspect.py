"""`keras-acts inspect`: what it says of files of ours and of others."""

from __future__ import annotations

import json

import keras
import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from keras_acts import layers
from keras_acts.cli.app import app
from keras_acts.export import export_model, to_onnx
from keras_acts.export.write import files

pytestmark = pytest.mark.runs_once("reads files, which no backend takes part in")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    image = keras.Input((None, 8, 3), name="image")
    y = layers.Mish()(keras.layers.Conv2D(4, 3, name="conv")(image))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D(name="mean")(y))


def inspected(path) -> dict:
    result = CliRunner().invoke(app, ["inspect", str(path), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_file_of_ours(model, tmp_path):
    path = tmp_path / "model.onnx"
    export_model(model, path, metadata={"trained": "on digits"}, opset=18)
    found = inspected(path)
    assert found["bytes"] == path.stat().st_size
    assert found["opsets"] == {"ai.onnx": 18}
    assert found["producer"].startswith("keras-acts ")
    assert found["inputs"] == [
        {"name": "image", "dtype": "float32", "shape": ["batch", "image_1", 8, 3]}
    ]
    assert [one["name"] for one in found["outputs"]] == ["mean"]
    assert found["operators"]["Conv"] == 1
    assert found["metadata"]["trained"] == "on digits"
    assert found["verdict"] == {"status": "passed", "unchanged": True}
    assert found["kernels"]["CPUExecutionProvider"] == []
    assert found["weight_files"] == {}
    assert found["weight_bytes"] >= 4 * model.count_params()


def test_as_text(model, tmp_path):
    path = tmp_path / "model.onnx"
    export_model(model, path)
    result = CliRunner().invoke(app, ["inspect", str(path)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "input      image: float32, batch×image_1×8×3" in lines
    assert "operator   Conv × 1" in lines
    assert "provider   CPUExecutionProvider has all kernels" in lines
    assert "verdict    passed, and graph and weights are those compared" in lines


def test_a_changed_file_and_one_that_was_not_compared(model, tmp_path):
    path = tmp_path / "model.onnx"
    export_model(model, path)
    proto = onnx.load(path)
    kernel = proto.graph.initializer[0]
    array = onnx.numpy_helper.to_array(kernel) + np.float32(1)
    kernel.CopyFrom(onnx.numpy_helper.from_array(array, kernel.name))
    onnx.save(proto, path)
    assert inspected(path)["verdict"] == {"status": "passed", "unchanged": False}
    to_onnx(model, path)
    assert inspected(path)["verdict"] is None


def test_weights_in_a_second_file(model, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
    monkeypatch.setattr(files, "_GRAPH_SIZE", 0)
    path = tmp_path / "model.onnx"
    export_model(model, path)
    ((name, size),) = inspected(path)["weight_files"].items()
    assert (tmp_path / name).stat().st_size == size
    assert inspected(path)["verdict"] == {"status": "passed", "unchanged": True}


def test_an_operator_without_a_kernel_is_named(tmp_path):
    proto = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17, "my.domain" : 1]> '
        "g (float[N] x) => (float[N] y) { z = my.domain.Odd(x) y = Relu(z) }"
    )
    onnx.save(proto, tmp_path / "model.onnx")
    kernels = inspected(tmp_path / "model.onnx")["kernels"]
    assert kernels["CPUExecutionProvider"] == ["my.domain.Odd"]
