"""What the tests of islands share: the mark, a layer of raw code, the comparison."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from keras_acts.export import EngineWarning, to_onnx
from support.export_check import open_session, randomize

BACKEND = keras.backend.backend()

_NEEDED = {"torch": "onnxscript", "jax": "jax2onnx", "tensorflow": "tf2onnx"}[BACKEND]

MARKS = [
    pytest.mark.files_differ("each backend has an exporter of its own"),
    pytest.mark.skipif(
        importlib.util.find_spec(_NEEDED) is None,
        reason=f"{_NEEDED}, the exporter of {BACKEND}, is not installed",
    ),
]

SIZES = ((2, 5), (3, 8), (1, 2))
"""Batches and lengths to compare on."""


class Raw(layers.Layer):
    """Scales the channels by a weight, and calls functions of the backend."""

    def __init__(self, *functions: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.functions = functions

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x: Any) -> Any:
        scaled = x * self.scale
        results = [function(scaled) for function in self.functions]
        return results[0] if len(results) == 1 else results


def model_of(layer: Any, *shape: int | None, **kwargs: Any) -> keras.Model:
    """Build a model of a layer behind a native one, with random weights."""
    x = keras.Input(shape, name="x")
    outputs = layer(layers.LayerNormalization(name="norm")(x), **kwargs)
    model = keras.Model(x, outputs, name="model")
    randomize(model)
    return model


def export(model: keras.Model, **options: Any) -> onnx.ModelProto:
    """Export a model that has islands, with the warning that says so."""
    with pytest.warns(EngineWarning, match="converted by its own exporter"):
        return to_onnx(model, **options)


def check(model: keras.Model, proto: onnx.ModelProto, tolerance: float = 1e-5) -> None:
    """Compare the answers for several sizes, with their dtypes."""
    session = open_session(proto)
    rng = np.random.default_rng(7)
    for batch, size in SIZES:
        feeds = {
            x.name: rng.standard_normal(
                [batch if i == 0 else n or size for i, n in enumerate(x.shape)]
            ).astype(x.dtype)
            for x in model.inputs
        }
        arrays = list(feeds.values())
        inputs = arrays[0] if len(arrays) == 1 else arrays
        want = keras.tree.flatten(model(inputs, training=False))
        got = session.run(None, feeds)
        for expected, actual in zip(want, got, strict=True):
            array = np.asarray(keras.ops.convert_to_numpy(expected))
            assert (actual.dtype, actual.shape) == (array.dtype, array.shape)
            np.testing.assert_allclose(actual, array, rtol=tolerance, atol=tolerance)


def run(proto: onnx.ModelProto, *arrays: Any) -> Sequence[Any]:
    """Run a file on arrays, in the order of its inputs."""
    names = [x.name for x in proto.graph.input]
    outputs: Sequence[Any] = open_session(proto).run(
        None, dict(zip(names, arrays, strict=True))
    )
    return outputs


def raw_relu(x: Any) -> Any:
    """Call the backend's own relu, which takes its own tensors only."""
    if BACKEND == "torch":
        import torch

        return torch.relu(x)
    if BACKEND == "jax":
        import jax

        return jax.nn.relu(x)
    import tensorflow as tf

    return tf.nn.relu(x)
