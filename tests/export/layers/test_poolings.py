"""Poolings in ONNX: over windows, over everything, over a given number of windows."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx, verify
from support import operations
from support.differences import on
from support.export_check import (
    LayerCase,
    channels_last_twin,
    check_layer,
    check_model,
    each,
)

MAX, AVERAGE = {"MaxPool"}, {"AveragePool"}
LINE, IMAGE, VOLUME = (None, 3), (None, None, 3), (7, 6, 5, 2)
SHAPES = (LINE, IMAGE, VOLUME)
MAX_POOLINGS = (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
AVERAGE_POOLINGS = (
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
)
VALID = {"pool_size": 2}
STEPS = {"pool_size": 3, "strides": 2, "padding": "same"}
EVEN = {"pool_size": 3, "strides": 1, "padding": "same"}
SMALL_GAPS = {"pool_size": 2, "strides": 3, "padding": "same"}
GAPS = {"pool_size": 3, "strides": 5, "padding": "same"}
PADS = {"Add", "Concat", "Div", "Max", "Mul", "Pad", "Sub"}
"""What computes pads from sizes that are unknown."""
GATHERED = {
    *("Add", "Div", "Gather", "Min", "Mul", "Range", "ReduceMax", "Sub"),
}
WEIGHTED = {
    *("Add", "And", "Div", "GreaterOrEqual", "Less", "MatMul", "Mul", "Range", "Sub"),
}


@each(
    *(
        LayerCase(layer, kwargs, shape, MAX)
        for layer, shape in zip(MAX_POOLINGS, SHAPES, strict=True)
        for kwargs in (VALID, STEPS, EVEN)
    ),
    *(
        LayerCase(layer, kwargs, shape, AVERAGE)
        for layer, shape in zip(AVERAGE_POOLINGS, SHAPES, strict=True)
        for kwargs in (VALID, EVEN)
    ),
    LayerCase(layers.MaxPooling2D, {"pool_size": (2, 3)}, (8, 9, 3), MAX),
    LayerCase(layers.MaxPooling2D, {"dtype": "float16"}, (8, 9, 3), MAX),
    LayerCase(layers.MaxPooling2D, {"dtype": "float64"}, (8, 9, 3), MAX),
    LayerCase(
        layers.AveragePooling2D,
        {"dtype": "float16", "pool_size": 2},
        (8, 9, 3),
        AVERAGE,
    ),
)
def test_windows(case):
    check_layer(case)


@each(
    LayerCase(layers.MaxPooling2D, SMALL_GAPS, IMAGE, MAX),
    LayerCase(layers.MaxPooling2D, GAPS, (9, 11, 3), MAX),
    LayerCase(
        layers.MaxPooling2D, GAPS, IMAGE, MAX | PADS, options={"batch_named": False}
    ),
)
def test_windows_that_leave_gaps(case):
    check_layer(case)


@pytest.mark.parametrize("opset", [17, None, 26])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_zeros_before_a_maximum_count(dtype: str, opset: int | None) -> None:
    """The runtime takes them for the pads of the MaxPool, which count for nothing."""

    last = {"data_format": "channels_last", "dtype": dtype}
    x = keras.Input((None, None, 2), dtype=dtype)
    y = layers.ZeroPadding2D(1, **last)(layers.Conv2D(2, 1, **last)(x))
    model = keras.Model(x, layers.MaxPooling2D(3, 2, **last)(y))
    model.layers[1].set_weights([np.full((1, 1, 2, 2), -1.0), np.zeros(2)])

    def positive(rng: np.random.Generator, shape: Any, kind: str) -> np.ndarray:
        return rng.uniform(1.0, 3.0, shape).astype(kind)

    check_model(model, draw=positive, opset=opset)


def averages(x: np.ndarray, window: int, stride: int) -> np.ndarray:
    """The average of the real pixels in each window of `padding="same"`."""
    for axis, size in enumerate(x.shape[1:-1], start=1):
        count = -(-size // stride)
        start = -(max((count - 1) * stride + window - size, 0) // 2)
        starts = start + stride * np.arange(count)
        ends = np.minimum(starts + window, size)
        parts = [
            x.take(range(max(first, 0), end), axis).mean(axis)
            for first, end in zip(starts, ends, strict=True)
        ]
        x = np.stack(parts, axis)
    return x


def torch_uneven(model: keras.Model) -> Any:
    """On torch Keras repeats the image's edges where pads are uneven."""
    layer = model.layers[-1]
    return on("torch", lambda x: averages(x, layer.pool_size[0], layer.strides[0]))


UNEVEN = (
    LayerCase(layers.AveragePooling2D, STEPS, (8, 9, 3), AVERAGE),
    LayerCase(layers.AveragePooling3D, STEPS, VOLUME, AVERAGE),
    LayerCase(layers.AveragePooling1D, {**EVEN, "pool_size": 2}, LINE, AVERAGE),
    LayerCase(layers.AveragePooling1D, STEPS, LINE, AVERAGE),
    LayerCase(layers.AveragePooling2D, STEPS, IMAGE, AVERAGE),
    LayerCase(layers.AveragePooling2D, SMALL_GAPS, IMAGE, AVERAGE),
    LayerCase(layers.AveragePooling2D, GAPS, IMAGE, AVERAGE),
)


@each(LayerCase(layers.AveragePooling2D, STEPS, (7, 9, 3), AVERAGE), *UNEVEN)
def test_padded_averages_are_of_real_pixels(case):
    check_layer(case, torch_uneven)


@pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="it is torch's alone to differ"
)
def test_parity_tells_where_torch_repeats_edges():
    model = UNEVEN[0].model()
    report = verify(model, to_onnx(model, engine="native"))
    assert not report.passed


@each(
    LayerCase(
        layers.AveragePooling2D,
        {**VALID, "dtype": "float64"},
        IMAGE,
        {"Concat", "ReduceMean", "Slice"},
    ),
    LayerCase(
        layers.AveragePooling2D,
        {**EVEN, "dtype": "float64"},
        (7, 8, 3),
        {"Concat", "Div", "Expand", "Pad", "ReduceSum", "Slice"},
    ),
)
def test_float64_averages_are_composed(case):
    check_layer(case)


@each(
    *(
        LayerCase(layer, kwargs, shape, operators)
        for operators, of_rank in (
            (
                {"ReduceMax"},
                (
                    layers.GlobalMaxPooling1D,
                    layers.GlobalMaxPooling2D,
                    layers.GlobalMaxPooling3D,
                ),
            ),
            (
                {"ReduceMean"},
                (
                    layers.GlobalAveragePooling1D,
                    layers.GlobalAveragePooling2D,
                    layers.GlobalAveragePooling3D,
                ),
            ),
        )
        for layer, shape in zip(of_rank, (LINE, IMAGE, VOLUME), strict=True)
        for kwargs in ({}, {"keepdims": True}, {"data_format": "channels_first"})
    ),
)
def test_global(case):
    check_layer(case)


@each(
    LayerCase(layers.AdaptiveMaxPooling1D, {"output_size": 3}, (9, 2), MAX),
    LayerCase(layers.AdaptiveAveragePooling1D, {"output_size": 3}, (9, 2), AVERAGE),
    LayerCase(layers.AdaptiveMaxPooling2D, {"output_size": (4, 3)}, (8, 9, 2), MAX),
    LayerCase(
        layers.AdaptiveAveragePooling3D, {"output_size": 2}, (4, 6, 8, 2), AVERAGE
    ),
    LayerCase(
        layers.AdaptiveMaxPooling1D,
        {"output_size": 4},
        (9, 2),
        GATHERED - {"Div", "Mul"},
    ),
    LayerCase(
        layers.AdaptiveAveragePooling2D,
        {"output_size": (4, 2)},
        (7, 9, 2),
        WEIGHTED - {"Add", "Mul"},
    ),
    LayerCase(
        layers.AdaptiveMaxPooling3D,
        {"output_size": (2, 3, 4)},
        (5, 7, 6, 2),
        GATHERED - {"Div", "Mul"},
    ),
)
def test_adaptive(case):
    check_layer(case)


@each(
    *(
        operations.one(
            f"{pool.__name__} of {shape} to {count}",
            lambda x, pool=pool, count=count: pool(x, count),
            shapes=(shape,),
            # Keras's own shape inference takes a tuple only.
            outputs=(((None, *[count] * (len(shape) - 1), 2), "float32"),),
        )
        for pool in (ops.adaptive_max_pool, ops.adaptive_average_pool)
        for shape, count in (((9, 2), 3), ((8, 9, 2), 4), ((None, 6, 2), 3))
    )
)
def test_adaptive_operations_take_one_number_for_all_axes(case):
    operations.check_operation(case)


@each(
    LayerCase(layers.MaxPooling2D, {"data_format": "channels_first"}, (3, 8, 9), MAX),
    LayerCase(
        layers.AveragePooling2D,
        {**STEPS, "data_format": "channels_first"},
        (3, 7, 9),
        AVERAGE,
    ),
    LayerCase(
        layers.AdaptiveMaxPooling2D,
        {"data_format": "channels_first", "output_size": 4},
        (3, 8, 12),
        MAX,
    ),
)
def test_channels_first_needs_no_transpose(case):
    proto = check_layer(case, channels_last_twin)
    assert "Transpose" not in {node.op_type for node in proto.graph.node}


@pytest.mark.parametrize("opset", [17, 18, 26])
@each(
    LayerCase(layers.MaxPooling2D, STEPS, IMAGE, MAX),
    LayerCase(layers.AveragePooling2D, EVEN, IMAGE, AVERAGE),
    LayerCase(layers.GlobalMaxPooling2D, {}, IMAGE, {"ReduceMax"}),
    LayerCase(
        layers.AdaptiveMaxPooling1D,
        {"output_size": 4},
        (9, 2),
        GATHERED - {"Div", "Mul"},
    ),
)
def test_opsets(case, opset):
    check_layer(replace(case, opset=opset))
