"""Outputs that hardly vary prove nothing: inner layers decide, or it is not proven."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from keras_acts.export import NotProvenWarning, export_model, to_onnx
from keras_acts.export.parity import verify
from support.handmade import activation, elementwise, onnx_model

L = keras.layers


def drawn(model: keras.Model, last: float) -> keras.Model:
    """Draw the weights, those of the last layer so small that nothing varies."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        fan_in = max(1, int(np.prod(variable.shape[:-1])))
        values = rng.normal(0, fan_in**-0.5, variable.shape)
        if variable.name in ("gamma", "moving_variance"):
            values = rng.uniform(0.5, 1.5, variable.shape)
        if variable.path.startswith("last"):
            values *= last
        variable.assign(values.astype("float32"))
    return model


def block(x, width):
    y = L.Conv2D(width, 3, padding="same", use_bias=False)(x)
    y = L.ReLU(6.0)(L.BatchNormalization()(y))
    y = L.DepthwiseConv2D(3, padding="same")(y)
    return L.Concatenate()([x, y])


def vision(nested: bool) -> keras.Model:
    x = keras.Input((8, 8, 3), name="x")
    y = L.Conv2D(4, 3, strides=2, padding="same")(x)
    body = block(block(y, 4), 4)
    body = keras.Model(x, body, name="body")(x) if nested else body
    y = L.GlobalAveragePooling2D()(body)
    y = L.Dense(5, "softmax", name="last")(y)
    return drawn(keras.Model(x, y), 1e-6)


def sequence(_: bool) -> keras.Model:
    x = keras.Input((5, 4), name="x")
    y = L.LSTM(6, return_sequences=True)(L.LayerNormalization()(x))
    y = y + L.MultiHeadAttention(2, 3)(y, y)
    y = L.Dense(3, "tanh")(y)
    return drawn(keras.Model(x, L.Dense(4, "softmax", name="last")(y)), 1e-6)


MODELS = {
    "vision": (vision, False),
    "nested": (vision, True),
    "sequence": (sequence, 0),
}


@pytest.fixture(scope="module")
def exported():
    made = {name: make(arg) for name, (make, arg) in MODELS.items()}
    return {name: (model, to_onnx(model)) for name, model in made.items()}


@pytest.mark.runs_once("the file and the rule are the same on each backend")
@pytest.mark.parametrize("name", MODELS)
def test_a_right_file_is_proven_part_by_part(exported, name):
    model, proto = exported[name]
    report = verify(model, proto)
    assert report.outputs[0].variation < 1e-2
    assert report.passed, report
    assert any("part by part" in note for note in report.notes)


def copied(proto: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


def kernels(proto, kind):
    names = [n.input[1] for n in proto.graph.node if n.op_type == kind]
    return [x for x in proto.graph.initializer if x.name in names]


def change(tensor, function):
    array = numpy_helper.to_array(tensor).copy()
    tensor.CopyFrom(numpy_helper.from_array(function(array), tensor.name))


def one_weight(array):
    array.flat[np.abs(array).argmax()] *= 1.1
    return array


def without_limit(proto):
    node = next(n for n in proto.graph.node if n.op_type == "Clip")
    node.op_type = "Relu"
    del node.input[1:]


def swapped_axes(proto):
    node = next(n for n in proto.graph.node if n.op_type == "Transpose")
    node.attribute[0].ints[:] = [0, 3, 2, 1]


def swapped_pads(proto):
    pads = next(
        a
        for n in proto.graph.node
        for a in n.attribute
        if a.name == "pads" and a.ints[0] != a.ints[-1]
    )
    half = len(pads.ints) // 2
    pads.ints[:] = [*pads.ints[half:], *pads.ints[:half]]


VISION_DAMAGE = {
    "one weight, early": lambda p: change(kernels(p, "Conv")[0], one_weight),
    "one weight, late": lambda p: change(kernels(p, "Conv")[-1], one_weight),
    "a tensor": lambda p: change(kernels(p, "Conv")[1], lambda a: a * np.float32(1.1)),
    "ReLU6 without 6": without_limit,
    "axes of the image": swapped_axes,
    "pads": swapped_pads,
    "the last layer": lambda p: change(kernels(p, "MatMul")[-1], one_weight),
}


@pytest.mark.runs_once("the file and the rule are the same on each backend")
@pytest.mark.parametrize("model", ["vision", "nested"])
@pytest.mark.parametrize("damage", VISION_DAMAGE)
def test_damage_behind_outputs_that_hardly_vary_is_found(exported, model, damage):
    keras_model, proto = exported[model]
    wrong = copied(proto)
    VISION_DAMAGE[damage](wrong)
    report = verify(keras_model, wrong)
    assert report.status == "failed", report
    assert report.divergence is not None


@pytest.mark.runs_once("the file and the rule are the same on each backend")
@pytest.mark.parametrize("kind", ["LSTM", "MatMul"])
def test_damage_in_a_sequence_is_found(exported, kind):
    model, proto = exported["sequence"]
    wrong = copied(proto)
    change(kernels(wrong, kind)[0], lambda a: a * np.float32(1.05))
    assert verify(model, wrong).status == "failed"


def constant() -> tuple[keras.Model, onnx.ModelProto]:
    x = keras.Input((8,), name="x")
    y = L.Dense(2, name="y", kernel_initializer="zeros", use_bias=False)(x)
    weights = {"kernel": np.zeros((8, 2), np.float32)}
    signature = "(float[batch, 8] x) => (float[batch, 2] y)"
    return keras.Model(x, y), onnx_model(signature, "y = MatMul(x, kernel)", weights)


class NoGraph(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(2, kernel_initializer="zeros")

    def call(self, x):
        return self.dense(x)


def no_graph() -> tuple[keras.Model, onnx.ModelProto]:
    model = NoGraph()
    model(np.ones((2, 8), "float32"))
    return model, to_onnx(model)


def never_finite() -> tuple[keras.Model, onnx.ModelProto]:
    model = keras.Sequential([keras.Input((8,), name="x"), L.Dense(2, name="y")])
    kernel = np.ones((8, 2), np.float32)
    kernel[3] = np.nan
    model.layers[0].kernel.assign(kernel)
    return model, to_onnx(model)


NOT_PROVEN = {
    "a constant": (constant, "hardly varies"),
    "no graph of layers": (no_graph, "is no graph of layers"),
    "NaN in a weight": (never_finite, "y/kernel' holds 2 NaN"),
}


@pytest.mark.runs_once("the rule is the same on each backend")
@pytest.mark.parametrize("name", NOT_PROVEN)
def test_what_nothing_proves_is_not_proven(name):
    make, reason = NOT_PROVEN[name]
    model, proto = make()
    report = verify(model, proto)
    assert report.status == "not proven", report
    assert not report.passed
    assert not report.outputs[0].proven
    assert any(reason in warning for warning in report.warnings), report.warnings
    assert str(report).startswith("NOT PROVEN: ")


@pytest.mark.runs_once("the rule is the same on each backend")
def test_an_export_that_is_not_proven_writes_and_warns(tmp_path):
    model, _ = constant()
    path = tmp_path / "model.onnx"
    with pytest.warns(NotProvenWarning, match=r"model\.onnx was written, but .*hardly"):
        report = export_model(model, path)
    assert report.status == "not proven"
    assert path.exists()


@pytest.mark.runs_once("the rule is the same on each backend")
def test_a_model_that_is_nan_in_one_unit_is_compared_in_the_others():
    model = keras.Sequential([keras.Input((8,), name="x"), L.Dense(2, name="y")])
    kernel = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    kernel[3, 0] = np.nan
    model.layers[0].kernel.assign(kernel)
    proto = to_onnx(model)
    report = verify(model, proto)
    assert report.passed
    assert any("y/kernel' holds 1 NaN" in one for one in report.warnings)
    change(kernels(proto, "MatMul")[0], lambda a: a * np.float32(1.1))
    assert verify(model, proto).status == "failed"


def test_an_activation_varies():
    report = verify(activation("relu"), elementwise("act = Relu(x)"))
    assert report.passed
    assert report.outputs[0].proven
