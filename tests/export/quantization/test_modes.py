"""Each mode on networks of any exporter: operators, answers, ports, and weights.

The dequantized weights are recomputed by NumPy from the definition of each scheme.
"""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from keras_acts.export import QuantizationReport, quantize
from support.quantizable import CLASSES, INPUTS, MODELS, WIDTH, dense, numbers, textual

pytestmark = pytest.mark.runs_once("quantizes ONNX files, with no backend's help")

SAMPLES = 64
FAST = {"speed": False, "min_agreement": 0.5}


def quantized(name, tmp_path, **settings) -> tuple[QuantizationReport, onnx.ModelProto]:
    path = tmp_path / "quantized.onnx"
    given = {"calibration": INPUTS[name](SAMPLES), "speed": False, "min_agreement": 0.5}
    report = quantize(MODELS[name](), path, **{**given, **settings})
    return report, onnx.load(path)


def operators(proto: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in proto.graph.node}


INTEGER = {"QuantizeLinear", "DequantizeLinear"}
DYNAMIC = {"DynamicQuantizeLinear", "MatMulInteger"}
CASES = [
    ("dense", "int8", INTEGER),
    ("dense", "int8-dynamic", DYNAMIC),
    ("dense", "int4-weights", {"MatMulNBits"}),
    ("dense", "float16", {"Cast"}),
    ("convolutional", "int8", INTEGER),
    ("convolutional", "float16", {"Cast"}),
    ("textual", "int8", INTEGER),
    ("textual", "int8-dynamic", DYNAMIC),
    ("textual", "int4-weights", {"MatMulNBits", "DequantizeLinear"}),
    ("textual", "float16", {"Cast"}),
]


@pytest.mark.parametrize(("name", "mode", "expected"), CASES)
def test_a_mode(name, mode, expected, tmp_path):
    bounds = {"min_agreement": 0.9, "max_error": 0.25}  # random weights, near ties
    report, proto = quantized(name, tmp_path, mode=mode, **bounds)
    assert report.status == "agrees", str(report)
    assert expected <= operators(proto)
    only_ours = {"com.microsoft"} if mode == "int4-weights" else set()
    assert {x.domain for x in proto.opset_import} == {"", *only_ours}
    original = MODELS[name]()
    assert list(proto.graph.input) == list(original.graph.input)
    assert list(proto.graph.output) == list(original.graph.output)
    x = INPUTS[name](7)
    feeds = {original.graph.input[0].name: x}
    want, have = (
        onnxruntime.InferenceSession(one.SerializeToString()).run(None, feeds)[0]
        for one in (original, proto)
    )
    error = np.sqrt(np.mean((want - have) ** 2) / np.mean(want**2))
    assert have.dtype == want.dtype
    assert 0 < error < 0.25


def weights(proto: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {x.name: numpy_helper.to_array(x) for x in proto.graph.initializer}


@pytest.mark.parametrize(
    ("settings", "most", "axis"),
    [
        ({}, 64, 0),
        ({"reduce_range": False}, 127, 0),
        ({"per_channel": False}, 64, None),
    ],
    ids=["7 bits", "8 bits", "a scale per tensor"],
)
def test_weights_in_8_bits(settings, most, axis, tmp_path):
    """w ≈ scale · round(w / scale), scale = max |w| / most, by output channel."""
    _, proto = quantized("dense", tmp_path, **settings)
    found = weights(proto)
    wanted = numbers(0, WIDTH, 64)
    scale = np.abs(wanted).max(axis=axis) / most
    np.testing.assert_allclose(found["w_scale"], scale, rtol=1e-6)
    levels = np.rint(wanted / scale)
    np.testing.assert_array_equal(found["w_quantized"], levels)
    assert found["w_quantized"].dtype == np.int8
    assert np.abs(levels).max() == most


@pytest.mark.parametrize("block", [16, 32])
def test_weights_in_4_bits(block, tmp_path):
    """w ≈ scale · (q − zero), of 16 levels from the least to the largest of a block."""
    settings = {"block_size": block, "standard_operators": True}
    _, proto = quantized("dense", tmp_path, mode="int4-weights", **settings)
    assert {x.domain for x in proto.opset_import} == {""}
    found = weights(proto)
    wanted = numbers(0, WIDTH, 64)
    q, scale, zero = (
        found[next(name for name in found if name.startswith("w") and end in name)]
        for end in ("DQ_Q4", "DQ_scales", "DQ_zero_points")
    )
    blocks = wanted.reshape(WIDTH // block, block, 64)
    low, high = np.minimum(blocks.min(1), 0), np.maximum(blocks.max(1), 0)
    np.testing.assert_allclose(scale, (high - low) / 15, rtol=1e-5)
    spread = [np.repeat(x.astype("f"), block, axis=0) for x in (scale, zero)]
    restored = spread[0] * (q.astype("f") - spread[1])
    # The zero point is rounded too, so an end may be half a step further off.
    assert np.all(np.abs(restored - wanted) <= 1.001 * spread[0])
    assert np.mean(np.abs(restored - wanted)) < 0.3 * spread[0].mean()


@pytest.mark.parametrize("opset", [13, 17, 26])
@pytest.mark.parametrize("mode", ["int8", "int8-dynamic", "int4-weights", "float16"])
def test_other_opsets(mode, opset, tmp_path):
    path = tmp_path / "quantized.onnx"
    x = INPUTS["dense"](SAMPLES)
    quantize(dense(opset), path, calibration=x, mode=mode, **FAST)
    found = {x.domain: x.version for x in onnx.load(path).opset_import}
    assert found[""] == opset


def test_without_calibration_int8_is_dynamic_and_says_so(tmp_path):
    path = tmp_path / "quantized.onnx"
    with pytest.warns(UserWarning, match="generated inputs alone"):
        report = quantize(dense(), path, speed=False)
    assert report.status == "not proven"
    assert report.method.startswith("int8 dynamic")
    assert any("without calibration data" in one for one in report.warnings)
    assert operators(onnx.load(path)) >= DYNAMIC


def test_products_answer_as_their_definition(tmp_path):
    """Dynamic 8 bits by hand: inputs to 0..255, weights to ±64, a sum of integers."""
    w = numbers(0, WIDTH, 64)
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]>'
        f"g (float[n, {WIDTH}] x) => (float[n, 64] y) {{ y = MatMul(x, w) }}"
    )
    model.graph.initializer.append(numpy_helper.from_array(w, "w"))
    path = tmp_path / "quantized.onnx"
    x = INPUTS["dense"](4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantize(model, path, mode="int8-dynamic", inputs=x, speed=False)
    have = onnxruntime.InferenceSession(path).run(None, {"x": x})[0]
    step = (x.max() - x.min()) / 255
    zero = np.rint(-x.min() / step)
    xq = np.clip(np.rint(x / step) + zero, 0, 255)
    scale = np.abs(w).max(0) / 64
    want = step * scale * ((xq - zero) @ np.rint(w / scale))
    np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-4)


def test_what_stays_in_float_is_listed(tmp_path):
    report, _ = quantized("convolutional", tmp_path, mode="int8-dynamic")
    found = [(one.operator, one.bytes, one.reason) for one in report.kept]
    reason = "convolutions need calibration data"
    sizes = (4 * 16 * 16 * 9, 4 * 16 * 3 * 9)  # the largest first
    assert found == [("Conv", size, reason) for size in sizes]
    report, _ = quantized("convolutional", tmp_path)
    assert not report.kept


def test_keep_float(tmp_path):
    model = dense()
    for node in model.graph.node:
        node.name = f"n_{node.output[0]}"
    path = tmp_path / "quantized.onnx"
    x = INPUTS["dense"](SAMPLES)
    settings = {"calibration": x, "mode": "int4-weights", **FAST}
    report = quantize(model, path, keep_float=["n_d"], **settings)
    kept = {one.name: one.reason for one in report.kept}
    assert kept == {"n_d": "asked for"}
    assert weights(onnx.load(path))["v"].dtype == np.float32


def test_size(tmp_path):
    report, proto = quantized("dense", tmp_path)
    assert report.bytes_before == dense().ByteSize()
    assert report.bytes_after == (tmp_path / "quantized.onnx").stat().st_size
    floats = sum(x.nbytes for x in weights(dense()).values())
    integers = sum(x.nbytes for x in weights(proto).values())
    assert integers < 0.4 * floats  # a quarter, scales, and biases of 32 bits


def test_logits_are_classes_where_named(tmp_path):
    path = tmp_path / "quantized.onnx"
    x = INPUTS["textual"](SAMPLES)
    report = quantize(textual(), path, calibration=x, speed=False)
    assert report.outputs[0].agreement is None
    settings = {"class_outputs": ["logits"], **FAST}
    report = quantize(textual(), path, calibration=x, **settings)
    (output,) = report.outputs
    assert output.classes == SAMPLES // 4
    assert output.interval[0] < output.agreement <= output.interval[1]
    assert CLASSES > 1
