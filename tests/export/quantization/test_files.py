"""The file that is written: metadata, the same bytes, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from keras_acts.export import OptionError, QuantizationWarning, WriteError, quantize
from keras_acts.export.metadata import Metadata
from keras_acts.export.write.verdict import holds
from support.handmade import onnx_model
from support.quantizable import INPUTS, convolutional, dense, numbers

pytestmark = pytest.mark.runs_once("quantizes ONNX files, with no backend's help")

X = INPUTS["dense"](40)
SETTINGS = {"calibration": X, "speed": False, "min_agreement": 0.5}
MODES = ["int8", "int8-dynamic", "int4-weights", "float16"]


@pytest.mark.parametrize("mode", MODES)
def test_the_same_bytes_twice(mode, tmp_path):
    paths = tmp_path / "a.onnx", tmp_path / "b.onnx"
    for path in paths:
        quantize(dense(), path, mode=mode, **SETTINGS)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_metadata(tmp_path):
    model = dense()
    model.producer_name, model.producer_version = "another", "7"
    model.graph.name = "network"
    for key, value in (
        ("trained", "on digits"),
        ("keras_acts_verdict", "passed"),
        ("keras_acts_digest", "sha256:0"),
    ):
        model.metadata_props.add(key=key, value=value)
    path = tmp_path / "q.onnx"
    report = quantize(model, path, **SETTINGS)
    found = onnx.load(path)
    noted = Metadata.of(found)
    assert (found.producer_name, found.producer_version) == ("another", "7")
    assert found.graph.name == "network"
    assert noted.quantization == report.method
    assert noted.verdict == "agrees"
    assert holds(found, tmp_path)
    properties = {x.key: x.value for x in found.metadata_props}
    assert properties["trained"] == "on digits"
    assert not any(key.startswith("onnx.") for key in properties)


def test_answers_that_differ_are_written_and_said(tmp_path):
    path = tmp_path / "q.onnx"
    settings = {**SETTINGS, "class_outputs": (), "max_error": 0.0, "trials": 0}
    with pytest.warns(QuantizationWarning, match="answers differ from the model's"):
        report = quantize(dense(), path, **settings)
    assert report.status == "differs"
    assert not report.agrees
    assert Metadata.of(onnx.load(path)).verdict == "differs"
    assert "answers DIFFER" in str(report)


def test_the_report_as_text_and_json(tmp_path):
    report = quantize(dense(), tmp_path / "q.onnx", **{**SETTINGS, "speed": True})
    text = str(report)
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert "% of 10" in text
    assert "ratio" in text
    found = json.loads(report.to_json(tmp_path / "report.json"))
    assert found == json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found["agrees"] is True
    assert found["outputs"][0]["classes"] == 10
    assert found["speed"]["runs"] >= 5


def test_a_quantized_model_is_refused(tmp_path):
    path = tmp_path / "q.onnx"
    quantize(dense(), path, **SETTINGS)
    with pytest.raises(OptionError, match=r"is quantized already.*DequantizeLinear"):
        quantize(path, tmp_path / "again.onnx", **SETTINGS)


def test_nodes_without_names(tmp_path):
    model = convolutional()
    assert not any(node.name for node in model.graph.node)
    settings = {"calibration": INPUTS["convolutional"](40), "speed": False}
    path = tmp_path / "q.onnx"
    report = quantize(model, path, min_agreement=0.5, **settings)
    names = [node.name for node in onnx.load(path).graph.node]
    assert len(set(names)) == len(names)
    assert report.quantized >= 5


def test_weights_in_a_second_file(tmp_path):
    source = tmp_path / "model.onnx"
    onnx.save(
        dense(),
        source,
        save_as_external_data=True,
        location="model.data",
        size_threshold=100,
    )
    before = source.stat().st_size + (tmp_path / "model.data").stat().st_size
    report = quantize(source, tmp_path / "q.onnx", **SETTINGS)
    assert report.bytes_before == before
    assert sorted(x.name for x in tmp_path.iterdir()) == [
        *("model.data", "model.onnx", "q.onnx"),
    ]


def test_what_is_inside_a_branch_stays_and_is_listed(tmp_path):
    model = onnx_model(
        "(float[n, 32] x, bool which) => (float[n, 64] y)",
        "y = If(which) <then_branch = a () => (float[n, 64] p) { p = MatMul(x, w) }, "
        "else_branch = b () => (float[n, 64] q) { q = MatMul(x, v) }>",
        {"w": numbers(0, 32, 64), "v": numbers(1, 32, 64)},
    )
    calibration = {"x": X, "which": np.array(True)}
    with pytest.warns(QuantizationWarning):
        quantize(
            model,
            tmp_path / "q.onnx",
            mode="int8-dynamic",
            speed=False,
            min_agreement=0,
        )
    report = quantize(
        model,
        tmp_path / "q.onnx",
        inputs=calibration,
        mode="int8-dynamic",
        speed=False,
    )
    assert {one.reason for one in report.kept} == {"inside a If, which is left alone"}
    assert any("nothing that this mode quantizes" in one for one in report.warnings)


WRONG = {
    "mode": ["int9", None, "INT8", 8],
    "ranges": ["max", 1],
    "per_channel": [1, "yes"],
    "reduce_range": [None],
    "block_size": [0, 24, 32.0, True],
    "standard_operators": ["no"],
    "keep_float": ["Gemm_0", ["missing"], [1]],
    "class_outputs": ["p", [3]],
    "min_agreement": [99, -0.1, "0.9", float("nan")],
    "max_error": [-1, float("inf"), None],
    "trials": [-1, 2.5, True],
    "max_samples": [0, -3],
    "speed": ["fast"],
    "seed": [-1, 1.5],
    "path": [3, None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, x) for name, all_ in WRONG.items() for x in all_]
)
def test_wrong_options(name, value, tmp_path):
    settings = {"path": tmp_path / "q.onnx", **SETTINGS, name: value}
    with pytest.raises(OptionError, match=rf"`{name}`.*Received: ") as caught:
        quantize(dense(), **settings)
    assert repr(value).strip("[]") in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(WriteError, match="a folder that exists"):
        quantize(dense(), tmp_path / "missing" / "q.onnx", **SETTINGS)


def test_standard_operators_need_opset_21(tmp_path):
    settings = {**SETTINGS, "mode": "int4-weights", "standard_operators": True}
    with pytest.raises(OptionError, match="opset 17"):
        quantize(dense(17), tmp_path / "q.onnx", **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [b"", b"no model", bytes(range(256)) * 9], ids=["empty", "text", "noise"]
)
def test_what_is_no_model(content, tmp_path):
    source = tmp_path / "model.onnx"
    source.write_bytes(content)
    with pytest.raises(ValueError, match="no ONNX model"):
        quantize(source, tmp_path / "q.onnx", **SETTINGS)
    assert [x.name for x in tmp_path.iterdir()] == ["model.onnx"]
