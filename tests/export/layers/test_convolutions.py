"""Convolutions in ONNX: each layer in all its layouts, paddings and sizes."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import (
    LayerCase,
    assert_alike,
    channels_last_twin,
    check_layer,
    each,
    open_session,
    operators,
    run,
)
from support.runs.evidence import compares_answers

CONV = {"Conv"}
TRANSPOSED = {"ConvTranspose"}
KNOWN, UNKNOWN = (9, 8, 4), (None, None, 4)
LINE = (None, 4)
LAST = {"data_format": "channels_last"}
KERNEL = {"kernel_initializer": "ones"}


def conv(shape=KNOWN, operators=CONV, layer=layers.Conv2D, **kwargs):
    kwargs = {**KERNEL, "filters": 6, "kernel_size": 3, **kwargs}
    return LayerCase(layer, kwargs, shape, operators)


def depthwise(layer, shape, **kwargs):
    names = ("depthwise", "pointwise") if "filters" in kwargs else ("depthwise",)
    quickly = {f"{name}_initializer": "ones" for name in names}
    kwargs = {**quickly, "kernel_size": 3, "depth_multiplier": 2, **kwargs}
    return LayerCase(layer, kwargs, shape, CONV)


def transposed(shape=(5, None, 4), layer=layers.Conv2DTranspose, **kwargs):
    kwargs = {**KERNEL, "filters": 3, "kernel_size": 3, "strides": 2, **kwargs}
    return LayerCase(layer, kwargs, shape, TRANSPOSED)


@each(
    conv(),
    conv(UNKNOWN),
    conv(use_bias=False),
    conv(strides=2),
    conv(kernel_size=(2, 3), strides=(2, 1)),
    conv(padding="same"),
    conv(padding="same", strides=2),
    conv(UNKNOWN, padding="same"),
    conv(UNKNOWN, padding="same", strides=2),
    conv(UNKNOWN, padding="same", strides=3, kernel_size=2),
    conv(UNKNOWN, padding="same", dilation_rate=2),
    conv(dilation_rate=(1, 2)),
    conv(activation="relu", operators={"Conv", "Relu"}),
    conv(dtype="float16"),
    conv(dtype="mixed_float16"),
    conv(layer=layers.Conv1D, shape=LINE, strides=2, padding="same"),
    conv(layer=layers.Conv1D, shape=LINE, padding="causal", operators={"Conv"}),
    conv(
        layer=layers.Conv1D,
        shape=LINE,
        padding="causal",
        dilation_rate=2,
        operators={"Conv"},
    ),
    conv(layer=layers.Conv3D, shape=(6, 5, None, 2), padding="same"),
    conv(layer=layers.Conv3D, shape=(6, 5, 7, 2), strides=2),
)
def test_convolutions(case):
    check_layer(case)


@each(
    conv(groups=2),
    conv(UNKNOWN, groups=4, filters=8, padding="same", strides=2),
    conv(layer=layers.Conv1D, shape=LINE, groups=2),
    conv(layer=layers.Conv3D, shape=(5, 4, 6, 4), groups=2),
)
def test_grouped_convolutions(case):
    check_layer(case)


@each(
    depthwise(layers.DepthwiseConv1D, LINE),
    depthwise(layers.DepthwiseConv1D, LINE, strides=2, padding="same"),
    depthwise(layers.DepthwiseConv2D, KNOWN, padding="same"),
    depthwise(layers.DepthwiseConv2D, UNKNOWN, strides=2, padding="same"),
    depthwise(layers.DepthwiseConv2D, UNKNOWN, dilation_rate=2),
    depthwise(layers.SeparableConv1D, LINE, filters=6, padding="same"),
    depthwise(layers.SeparableConv2D, UNKNOWN, filters=6, strides=2, padding="same"),
    depthwise(layers.SeparableConv2D, KNOWN, filters=6, dilation_rate=2),
)
def test_depthwise_and_separable_convolutions(case):
    check_layer(case)


@each(
    *(
        transposed(kernel_size=size, strides=stride, padding=padding)
        for size in (2, 3)
        for stride in (1, 2, 3)
        for padding in ("valid", "same")
    ),
    transposed(padding="same", output_padding=1),
    transposed(kernel_size=4, strides=3, padding="same", output_padding=(2, 1)),
    transposed(strides=3, output_padding=2),
    transposed(kernel_size=4, padding="same"),
    transposed(kernel_size=5, strides=3, padding="same", use_bias=False),
    transposed(layer=layers.Conv1DTranspose, shape=LINE, padding="same"),
    transposed(layer=layers.Conv3DTranspose, shape=(4, 3, 5, 2), padding="same"),
)
def test_transposed_convolutions(case):
    check_layer(case)


@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow",
    reason="TensorFlow's CPU kernels refuse these",
)
@each(
    transposed(kernel_size=4, padding="same", output_padding=0),
    transposed(strides=1, dilation_rate=2, padding="same"),
    transposed((4, 5, None), data_format="channels_first", strides=1, dilation_rate=2),
)
def test_transposed_convolutions_that_not_all_backends_run(case):
    check_layer(case)


WINDOWS = {"Add", "Concat", "MatMul", "Slice"}
PADDED = WINDOWS | {"Pad"}


@each(
    conv(operators=WINDOWS, dtype="float64"),
    conv(operators=PADDED, dtype="float64", groups=2, padding="same"),
    conv(operators=WINDOWS, dtype="float64", dilation_rate=2, filters=2),
    replace(
        conv(
            UNKNOWN,
            PADDED | {"Div", "Max", "Mul", "Sub"},
            dtype="float64",
            strides=2,
            padding="same",
        ),
        options={"batch_named": False},
    ),
    replace(
        depthwise(layers.DepthwiseConv2D, KNOWN, dtype="float64"), operators=WINDOWS
    ),
    replace(
        depthwise(layers.SeparableConv1D, LINE, dtype="float64", filters=6),
        operators=WINDOWS,
    ),
    *(
        replace(
            transposed(
                kernel_size=size, strides=stride, padding=padding, dtype="float64"
            ),
            operators=PADDED,
        )
        for size, stride, padding in ((3, 2, "same"), (2, 3, "valid"), (4, 2, "valid"))
    ),
)
def test_float64_is_composed(case):
    check_layer(case)


def test_other_targets_have_float64_convolutions():
    model = conv(activation="linear").model()
    proto = to_onnx(model, target="portable", dtype="float64")
    assert operators(proto) == CONV


@each(
    conv((4, 9, 8), data_format="channels_first", padding="same", strides=2),
    conv((4, None, None), data_format="channels_first"),
    conv((4, None), layer=layers.Conv1D, data_format="channels_first"),
    depthwise(layers.DepthwiseConv2D, (4, 9, 8), data_format="channels_first"),
    transposed((4, 5, None), data_format="channels_first", padding="same"),
)
def test_channels_first_needs_no_transpose(case):
    proto = check_layer(case, channels_last_twin)
    assert "Transpose" not in {node.op_type for node in proto.graph.node}


@pytest.mark.parametrize("opset", [17, 26])
@each(
    conv(UNKNOWN, strides=2, padding="same"),
    depthwise(layers.SeparableConv2D, KNOWN, filters=6),
    transposed(),
)
def test_opsets(case, opset):
    check_layer(replace(case, opset=opset))


def test_weights_are_stored_as_their_operators_read_them():
    proto = check_layer(conv())
    shapes = {weight.name: list(weight.dims) for weight in proto.graph.initializer}
    assert sorted(shapes.values()) == [[6], [6, 4, 3, 3]]


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("pointwise", [False, True])
def test_kernels_know_the_channels_where_the_input_does_not(
    multiplier: int, pointwise: bool
) -> None:
    rng = np.random.default_rng(0)
    depthwise = rng.normal(size=(3, 3, 4, multiplier)).astype("float32")
    mixing = rng.normal(size=(1, 1, 4 * multiplier, 5)).astype("float32")

    def convolve(x: Any) -> Any:
        if pointwise:
            return ops.separable_conv(x, depthwise, mixing, **LAST)
        return ops.depthwise_conv(x, depthwise, **LAST)

    spec = keras.InputSpec(shape=(None, 7, 7, None), dtype="float32", name="x")
    proto = to_onnx(convolve, input_signature=[spec], engine="native")
    if compares_answers():
        x = rng.normal(size=(2, 7, 7, 4)).astype("float32")
        got = run(open_session(proto), [x])[0]
        assert_alike(got, ops.convert_to_numpy(convolve(ops.convert_to_tensor(x))))
