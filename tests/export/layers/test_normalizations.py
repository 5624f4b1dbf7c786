"""Normalizations in ONNX, with Keras's axes, epsilons and precision of statistics."""

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
    check_layer,
    each,
    open_session,
    run,
)
from support.runs.evidence import compares_answers

BATCH = {"BatchNormalization"}
LAYER = {"LayerNormalization"}
GROUP = {"Add", "InstanceNormalization", "Mul"}
LINE, IMAGE = (None, 4), (None, None, 4)
INVERSE_ROOT = {"Add", "Mul", "Reciprocal", "ReduceMean", "Sqrt"}
BY_HAND = {"Add", "Mul", "Reciprocal", "Sqrt", "Sub"}


def batch(shape=IMAGE, **kwargs):
    return LayerCase(layers.BatchNormalization, kwargs, shape, BATCH)


def layer(shape=LINE, operators=LAYER, **kwargs):
    return LayerCase(layers.LayerNormalization, kwargs, shape, operators)


def group(shape=IMAGE, operators=GROUP, **kwargs):
    kwargs = {"groups": 2, **kwargs}
    return LayerCase(layers.GroupNormalization, kwargs, shape, operators)


def rms(shape=LINE, **kwargs):
    return LayerCase(layers.RMSNormalization, kwargs, shape, INVERSE_ROOT)


def in_float64(make, operators):
    """The operators hold their epsilon in float32, so that float64 goes without."""
    return replace(make(LINE, dtype="float64"), dtype="float64", operators=operators)


def scaled(layer, operators, shape=LINE, **kwargs):
    return LayerCase(layer, kwargs, shape, operators)


@each(
    batch((4,)),
    batch(LINE),
    batch(IMAGE),
    batch((3, None, 5, 4)),
    batch((4, None, None), axis=1),
    batch((5, 4, 3), axis=2),
    batch(scale=False),
    batch(center=False),
    batch(scale=False, center=False, epsilon=1e-2),
    batch(LINE, dtype="float16"),
    batch(LINE, dtype="mixed_float16"),
    in_float64(batch, BY_HAND),
)
def test_batch_normalization(case):
    check_layer(case)


@each(
    layer((4,)),
    layer(),
    layer(epsilon=0.1),
    layer((None, 3, 4), axis=[2, 3]),
    layer((3, None, 5), axis=[1, 3]),
    layer(scale=False),
    layer(center=False),
    layer(dtype="float16"),
    layer(dtype="mixed_float16"),
    in_float64(layer, BY_HAND | {"ReduceMean"}),
    layer((2, 5, 4), axis=(2, 3), scale=False, center=False),
    layer(
        (2, None, 4),
        INVERSE_ROOT | {"Sub"},
        axis=(2, 3),
        scale=False,
        center=False,
    ),
)
def test_layer_normalization(case):
    check_layer(case)


@pytest.mark.answers_differ(
    "Keras's torch backend fails on one axis that is not the last"
)
@pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="Keras's torch backend fails on one axis that is not the last",
)
@each(layer((3, 5), axis=1), layer((3, 5), axis=1, center=False))
def test_layer_normalization_of_an_inner_axis(case):
    check_layer(case)


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`:UserWarning")
@each(
    layer(LINE, INVERSE_ROOT | {"Sub"}, rms_scaling=True),
    layer((3, 4), INVERSE_ROOT | {"Sub"}, rms_scaling=True, axis=[1, 2]),
)
def test_layer_normalization_scaled_by_the_deviation(case):
    check_layer(case)


@each(
    group(),
    group(LINE),
    group((5, 6, 4), groups=-1),
    group((4, None, 5), axis=1),
    group((5, 4), groups=1, epsilon=0.1),
    group(operators=GROUP - {"Mul"}, scale=False),
    group(operators=GROUP - {"Add"}, center=False),
    group(LINE, dtype="float16"),
    in_float64(group, BY_HAND | {"ReduceMean"}),
)
def test_group_normalization(case):
    check_layer(case)


@each(
    rms(),
    rms((3, 4), axis=[1, 2]),
    rms(epsilon=0.1),
    rms(dtype="float16"),
    in_float64(rms, INVERSE_ROOT),
    replace(rms(), opset=23, operators={"RMSNormalization"}),
    replace(rms((3, 4), axis=[1, 2]), opset=23, operators={"RMSNormalization"}),
    replace(in_float64(rms, INVERSE_ROOT), opset=24),
)
def test_rms_normalization(case):
    check_layer(case)


UNIT = {"Min", "Mul", "Reciprocal", "ReduceL2"}


@each(
    scaled(layers.UnitNormalization, UNIT),
    scaled(layers.UnitNormalization, UNIT, (3, 4), axis=[1, 2]),
    scaled(layers.UnitNormalization, UNIT, (3, 4), axis=1, dtype="float64"),
)
def test_unit_normalization(case):
    check_layer(case)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_unit_normalization_in_float16():
    """1 / epsilon, which bounds the inverse norm, is infinite in float16."""
    check_layer(scaled(layers.UnitNormalization, UNIT, dtype="float16"))


FORWARD, BACKWARD = {"Div", "Sub"}, {"Add", "Mul"}
GIVEN = {"mean": [1.0, 2.0, -3.0, 0.5], "variance": [0.5, 2.0, 1.0, 4.0]}


@each(
    scaled(layers.Normalization, FORWARD, **GIVEN),
    scaled(layers.Normalization, FORWARD, IMAGE, **GIVEN),
    scaled(layers.Normalization, BACKWARD, invert=True, **GIVEN),
    scaled(layers.Normalization, FORWARD, axis=None, mean=1.0, variance=4.0),
    scaled(layers.Normalization, FORWARD, dtype="float16", **GIVEN),
    scaled(layers.Normalization, FORWARD, dtype="float64", **GIVEN),
)
def test_normalization_by_given_statistics(case):
    check_layer(case)


def adapted(**kwargs):
    layer = layers.Normalization(**kwargs)
    data = np.random.default_rng(3).normal([1, 5, -2, 0], [1, 3, 0.5, 2], (64, 3, 4))
    layer.adapt(data.astype("float32"))
    return layer


@pytest.mark.files_differ("the backend computes the statistics of the data")
@each(
    scaled(adapted, FORWARD, (3, 4)),
    scaled(adapted, FORWARD, (3, 4), axis=(1, 2)),
    scaled(adapted, BACKWARD, (3, 4), invert=True),
)
def test_normalization_by_adapted_statistics(case):
    check_layer(case)


def bytes_drawn(rng, shape, dtype):
    return rng.integers(0, 256, shape).astype(dtype)


@each(
    scaled(layers.Rescaling, BACKWARD, (5, 6, 3), scale=1 / 127.5, offset=-1.0),
    scaled(layers.Rescaling, BACKWARD, scale=[1, 2, 0.5, 3], offset=[0, 1, 3, 2]),
    scaled(layers.Rescaling, BACKWARD, scale=0.5, dtype="float16"),
    replace(
        scaled(layers.Rescaling, BACKWARD, (None, None, 3), scale=1 / 255),
        dtype="uint8",
        draw=bytes_drawn,
    ),
)
def test_rescaling(case):
    check_layer(case)


def spectral(wrapped):
    return layers.SpectralNormalization(wrapped)


@each(
    scaled(spectral, {"Conv"}, IMAGE, wrapped=layers.Conv2D(3, 3)),
    scaled(spectral, {"Add", "MatMul"}, wrapped=layers.Dense(3)),
)
def test_spectral_normalization_is_its_layer(case):
    check_layer(case)


@pytest.mark.parametrize("opset", [17, 18, 26])
@each(batch(), layer(), layer((3, None, 5), axis=[1, 3]), group((4, 5), axis=1))
def test_opsets(case, opset):
    check_layer(replace(case, opset=opset))


@pytest.mark.parametrize("opset", [17, 23])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.layer_normalization(x),
        lambda x: ops.layer_normalization(x, axis=[-1, -2]),
        lambda x: ops.layer_normalization(x, x[0, 0], x[1, 0]),
        lambda x: ops.rms_normalization(x),
        lambda x: ops.rms_normalization(x, x[0, 0]),
        lambda x: ops.batch_normalization(x, x[0, 0], x[1, 0] ** 2, axis=-1),
        lambda x: ops.normalize(x, axis=-1),
    ],
)
def test_axes_of_unknown_size(call: Any, opset: int) -> None:
    signature = [keras.InputSpec(shape=(None, None, None), name="x")]
    proto = to_onnx(call, engine="native", input_signature=signature, opset=opset)
    if not compares_answers():
        return
    x = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    want = np.asarray(ops.convert_to_numpy(call(ops.convert_to_tensor(x))))
    assert_alike(run(open_session(proto), [x])[0], want)


@pytest.mark.files_differ("TensorFlow normalizes integers in integers")
@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("given", [(), ("scale",), ("offset",), ("offset", "scale")])
def test_batch_normalization_of_integers(given: tuple[str, ...], dtype: str) -> None:
    rng = np.random.default_rng(3)
    mean, variance, scale, offset = rng.uniform(0.2, 1.9, (4, 5)).astype("float32")
    taken = {"scale": scale, "offset": offset}
    kwargs = {name: taken[name] for name in given}

    def call(x: Any) -> Any:
        return ops.batch_normalization(x, mean, variance, axis=-1, **kwargs)

    signature = [keras.InputSpec(dtype=dtype, shape=(None, 3, 5), name="x")]
    x = rng.integers(-9, 9, (2, 3, 5)).astype(dtype)
    want = np.asarray(ops.convert_to_numpy(call(ops.convert_to_tensor(x))))
    proto = to_onnx(call, engine="native", input_signature=signature)
    assert_alike(run(open_session(proto), [x])[0], want)
