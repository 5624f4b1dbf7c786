"""Layers and operations on integers, which backends compute in floats of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, randomize, run

SHAPE = (6, 6, 4)

LAYERS: dict[str, Callable[[], Any]] = {
    "average pooling": lambda: layers.AveragePooling2D(2),
    "batch norm": layers.BatchNormalization,
    "bilinear": lambda: layers.UpSampling2D(2, interpolation="bilinear"),
    "conv": lambda: layers.Conv2D(2, 3),
    "dense": lambda: layers.Dense(3, activation="relu"),
    "depthwise": lambda: layers.DepthwiseConv2D(3),
    "dropout": lambda: Call(lambda x: keras.random.dropout(x, 1e-9, seed=3)),
    "global pooling": layers.GlobalAveragePooling2D,
    "group norm": lambda: layers.GroupNormalization(2),
    "layer norm": layers.LayerNormalization,
    "max pooling": layers.MaxPooling2D,
    "nearest": lambda: layers.UpSampling2D(2),
    "rescaling": lambda: layers.Rescaling(1 / 255),
    "rms norm": layers.RMSNormalization,
    "separable": lambda: layers.SeparableConv2D(2, 3),
    **{
        name: partial(layers.Activation, name)
        for name in ("elu", "gelu", "relu", "sigmoid", "silu", "softmax", "tanh")
    },
}

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "and a number": lambda x: ops.bitwise_and(x, 3),
    "a number and": lambda x: ops.bitwise_and(3, x),
    "clip that broadcasts": lambda x: ops.clip(x[:, :1], x - 1, x + 1),
    "clip to numbers": lambda x: ops.clip(x, 1, 2),
    "half": lambda x: x / 2,
    "maximum with a number": lambda x: ops.maximum(x, 1),
    "mean": lambda x: ops.mean(x, axis=1),
    "plus a float": lambda x: x + 0.5,
    "power": lambda x: x**2,
    "sum": lambda x: ops.sum(x, axis=1),
    "times two": lambda x: x * 2,
    "where": lambda x: ops.where(x > 1, x, 0),
}


OVERFLOW_ON_JAX = [("average pooling", "uint8"), ("softmax", "uint8")]


class Call(layers.Layer):
    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__(autocast=False)
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor((None,) * len(x.shape), "float32")


def check(layer: Any, shape: tuple[int, ...], dtype: str) -> None:
    """Compare with what the backend answers, if it takes such numbers."""
    x = keras.Input(shape, dtype=dtype, name="x")
    model = keras.Model(x, layer(x))
    randomize(model)
    array = np.random.default_rng(3).integers(0, 100, (2, *shape)).astype(dtype)
    try:
        want = keras.ops.convert_to_numpy(model(array))
    except Exception:
        pytest.skip("this backend of Keras refuses such numbers")
    (got,) = run(open_session(to_onnx(model, engine="native")), [array])
    assert_alike(got, np.asarray(want), "float32" if want.dtype.kind == "f" else None)


@pytest.mark.files_differ("each backend promotes integers by rules of its own")
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *itertools.product(LAYERS, ("int32", "uint8")),
        *((name, "int64") for name in LAYERS if "pooling" in name or "norm" in name),
    ],
)
def test_layers_of_integers(name: str, dtype: str) -> None:
    if dtype == "int64" and keras.backend.backend() == "jax":
        pytest.skip("JAX reads 64 bits as 32")
    if dtype.startswith("u") and name in ("group norm", "layer norm", "rms norm"):
        pytest.skip("negative results have no unsigned value: backends differ")
    if keras.backend.backend() == "jax" and (name, dtype) in OVERFLOW_ON_JAX:
        pytest.skip("JAX computes bytes as bytes, which overflow; the file does not")
    check(LAYERS[name](), SHAPE, dtype)


@pytest.mark.files_differ("each backend promotes integers by rules of its own")
@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_integers(name: str, dtype: str) -> None:
    if (keras.backend.backend(), name, dtype) == ("tensorflow", "half", "int64"):
        pytest.xfail("TensorFlow divides int64 in float64, the file in float32")
    if dtype == "int64" and keras.backend.backend() == "jax":
        pytest.skip("JAX reads 64 bits as 32")
    check(Call(FUNCTIONS[name]), (4,), dtype)
