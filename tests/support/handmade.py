"""ONNX models written by hand beside their Keras models, in the text format of ONNX.

`verify` is tested on these, so that no fault of the exporter can hide one of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import onnx
from onnx import numpy_helper


def onnx_model(
    signature: str,
    body: str,
    weights: Mapping[str, np.ndarray] | None = None,
    opset: int = 21,
) -> onnx.ModelProto:
    """Build a model from text.

    Args:
        signature: `"(float[batch, 4] x) => (float[batch, 2] y)"`.
        body: The nodes: `"y = Relu(x)"`, one a line.
        weights: Initializers by name.
    """
    text = f'<ir_version: 10, opset_import: ["" : {opset}]> g {signature} {{ {body} }}'
    model = onnx.parser.parse_model(text)
    for name, array in (weights or {}).items():
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    onnx.checker.check_model(model)
    return model


class NoConfig(keras.Model):
    """A subclassed model of a layer, which Keras can't copy by its configuration."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)


def weight(model: keras.Model, path: str) -> np.ndarray:
    """Return a copy of a weight, by the end of its path: `"dense/kernel"`."""
    found = [v for v in model.variables if v.path.endswith(path)]
    assert len(found) == 1, (path, [v.path for v in model.variables])
    return np.array(keras.ops.convert_to_numpy(found[0]))


def elementwise(expression: str, dtype: str = "float") -> onnx.ModelProto:
    """Build a model of one operator of an input `x` of shape (batch, 8)."""
    return onnx_model(f"({dtype}[batch, 8] x) => ({dtype}[batch, 8] act)", expression)


def activation(name: str | keras.layers.Layer, dtype: str = "float32") -> keras.Model:
    """Build a Keras model of one activation of an input `x` of shape (batch, 8)."""
    x = keras.Input((8,), name="x", dtype=dtype)
    layer = name
    if isinstance(name, str):
        layer = keras.layers.Activation(name, name="act", dtype=dtype)
    return keras.Model(x, layer(x))


def classifier() -> keras.Model:
    """Build a classifier of 6 numbers: Dense, BatchNormalization, ReLU, Dense, Softmax.

    Its weights are random and its statistics are those of a trained network.
    """
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,), name="x"),
            layers.Dense(16, name="first"),
            layers.BatchNormalization(epsilon=1e-3, name="norm"),
            layers.ReLU(name="relu"),
            layers.Dense(4, name="second"),
            layers.Softmax(name="probabilities"),
        ]
    )
    rng = np.random.default_rng(5)
    for variable in model.variables:
        if "norm" in variable.path:
            variable.assign(rng.uniform(0.05, 1.5, variable.shape))
        elif "bias" in variable.path:
            variable.assign(rng.normal(0, 0.1, variable.shape))
    return model


CLASSIFIER_WEIGHTS = {
    "kernel1": "first/kernel",
    "bias1": "first/bias",
    "gamma": "norm/gamma",
    "beta": "norm/beta",
    "mean": "norm/moving_mean",
    "variance": "norm/moving_variance",
    "kernel2": "second/kernel",
    "bias2": "second/bias",
}


def classifier_onnx(
    model: keras.Model,
    *,
    epsilon: float = 1e-3,
    axis: int = -1,
    off: Mapping[str, float] | None = None,
    negative_slope: float = 0.0,
) -> onnx.ModelProto:
    """Write the classifier, right by default.

    Args:
        model: What `classifier` gave.
        epsilon: Of the normalization.
        axis: Of the softmax.
        off: What to add to the first element of a weight, by ONNX name.
        negative_slope: Of the ReLU.
    """
    weights = {name: weight(model, path) for name, path in CLASSIFIER_WEIGHTS.items()}
    for name, step in (off or {}).items():
        weights[name].flat[0] += step
    return onnx_model(
        "(float[batch, 6] x) => (float[batch, 4] probabilities)",
        f"""
        a = MatMul(x, kernel1)
        b = Add(a, bias1)
        c = BatchNormalization<epsilon = {epsilon:f}>(b, gamma, beta, mean, variance)
        d = LeakyRelu<alpha = {negative_slope:f}>(c)
        e = MatMul(d, kernel2)
        f = Add(e, bias2)
        probabilities = Softmax<axis = {axis}>(f)
        """,
        weights,
    )
