"""The first diverging layer: inside nested models, among shared layers, of any rank."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from keras_acts.export import to_onnx
from keras_acts.export.parity import verify
from keras_acts.export.parity.inner.matching import Judged, Values
from keras_acts.export.parity.tolerances import tolerance

L = keras.layers

pytestmark = pytest.mark.runs_once("the file and the search are the same everywhere")


def drawn(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(0)
    for variable in model.weights:
        fan_in = max(1, int(np.prod(variable.shape[:-1])))
        values = rng.normal(0, fan_in**-0.5, variable.shape)
        if variable.name in ("gamma", "moving_variance"):
            values = rng.uniform(0.5, 1.5, variable.shape)
        variable.assign(values.astype("float32"))
    return model


def convolutional(nested: bool = False) -> keras.Model:
    x = keras.Input((12, 12, 3), name="x")
    body = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(6, 1, use_bias=False, name="expand"),
            L.BatchNormalization(name="expand_norm"),
            L.ReLU(6.0, name="expand_relu"),
            L.ZeroPadding2D(((0, 1), (0, 1)), name="pad"),
            L.DepthwiseConv2D(3, strides=2, use_bias=False, name="depthwise"),
            L.BatchNormalization(name="depthwise_norm"),
            L.ReLU(6.0, name="depthwise_relu"),
        ],
        name="body",
    )
    y = x
    for layer in [body] if nested else body.layers:
        y = layer(y)
    y = L.Conv2D(4, 1, name="project")(y)
    y = L.GlobalAveragePooling2D(name="mean")(y)
    return drawn(keras.Model(x, L.Dense(3, name="logits")(y)))


def shared() -> keras.Model:
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    tower = L.Dense(5, "tanh", name="tower")
    both = L.Concatenate(name="both")([tower(left), tower(right)])
    return drawn(keras.Model([left, right], L.Dense(2, name="logits")(both)))


def looping() -> keras.Model:
    x = keras.Input((7, 3), name="x")
    y = L.Dense(4, "relu", name="before")(x)
    y = L.RNN(L.LSTMCell(5), return_sequences=True, name="loop")(y)
    return drawn(keras.Model(x, L.Dense(2, name="after")(y)))


FUSED = {
    "expand": {"expand", "expand_norm"},
    "depthwise": {"pad", "depthwise", "depthwise_norm"},
}

LAYERS = {
    ("plain", "expand"): FUSED["expand"],
    ("plain", "depthwise"): FUSED["depthwise"],
    ("plain", "project"): {"project"},
    ("plain", "logits"): {"logits"},
    ("nested", "expand"): FUSED["expand"],
    ("nested", "depthwise"): FUSED["depthwise"],
    ("shared", "tower"): {"tower"},
    ("shared", "logits"): {"logits"},
    ("loop", "before"): {"before"},
    ("loop", "loop"): {"loop"},
    ("loop", "after"): {"after"},
}
"""The damaged layer, and those that are as good an answer."""

MODELS = {
    "plain": convolutional,
    "nested": lambda: convolutional(nested=True),
    "shared": shared,
    "loop": looping,
}


@pytest.fixture(scope="module")
def exported():
    made = {name: make() for name, make in MODELS.items()}
    return {name: (model, to_onnx(model)) for name, model in made.items()}


def damaged(proto: onnx.ModelProto, layer: str) -> onnx.ModelProto:
    """Return the file with one weight of a layer off, its largest."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    tensor = next(
        x
        for x in copy.graph.initializer
        if f"{layer}/" in f"{x.name}/" and len(x.dims) > 1
    )
    array = numpy_helper.to_array(tensor).copy()
    array.flat[np.abs(array).argmax()] *= 1.3
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return copy


@pytest.mark.parametrize("case", LAYERS, ids="-".join)
def test_the_first_diverging_layer_is_found(exported, case):
    name, layer = case
    model, proto = exported[name]
    report = verify(model, damaged(proto, layer))
    assert report.status == "failed"
    assert report.divergence is not None
    assert report.divergence.layer in LAYERS[case]


def test_what_lies_behind_the_last_layer_is_its_own(exported):
    model, proto = exported["plain"]
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    (output,) = copy.graph.output
    last = next(x for x in copy.graph.node if output.name in x.output)
    last.output[0] = "kept"  # as the layer computes it
    copy.graph.node.append(helper.make_node("Floor", ["kept"], [output.name]))
    report = verify(model, copy)
    assert report.status == "failed"
    assert report.divergence is not None
    assert report.divergence.layer == "logits"
    assert report.divergence.nearest == output.name


def test_the_model_keeps_its_calls(exported):
    model, proto = exported["shared"]
    before = len(model.get_layer("tower")._inbound_nodes)
    verify(model, damaged(proto, "tower"))
    assert len(model.get_layer("tower")._inbound_nodes) == before


LYING = {
    "as it is": lambda x: x,
    "channels first": lambda x: np.moveaxis(x, -1, 1),
    "channels last": lambda x: np.moveaxis(x, 1, -1),
    "flat": lambda x: x.reshape(len(x), -1),
    "time first": lambda x: x.swapaxes(0, 1).copy(),
}


@pytest.mark.parametrize("how", LYING)
def test_the_nearest_value_is_the_best_of_all_arrangements(how):
    rng = np.random.default_rng(0)
    want = rng.normal(size=(2, 4, 6)).astype("float32")
    off = LYING[how](want) + np.float32(1e-3)
    values = Values({"far": rng.normal(size=(2, 4, 6)), "near": off})
    name, error = values.nearest(Judged.of(want, tolerance("float32")))
    assert name == "near"
    np.testing.assert_allclose(error, 1e-3, rtol=1e-2)
    exact = Values({"same": LYING[how](want)})
    ((found, arrangement),) = exact.equal(Judged.of(want, tolerance("float32")))
    back = arrangement.to_file(want)
    np.testing.assert_array_equal(back, LYING[how](want))
    assert found == "same"
