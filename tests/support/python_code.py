"""Layers whose Python code reads sizes, compared with Keras on several of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import keras
import numpy as np
import onnx
from keras import ops

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, randomize, run
from support.runs.evidence import compares_answers

WIDTH = 4
SIZES = (1, 2, 3, 4, 5, 8, 9, 12)
"""They take each side of the conditions in the tests."""


class Calls(keras.layers.Layer):
    """Calls a function that is given the layer, which holds arrays, and its input."""

    def __init__(self, function: Callable[..., Any], rank: int = 3, **kwargs: Any):
        super().__init__(**kwargs)
        self.function, self.rank = function, rank
        ids = np.arange(16 * WIDTH, dtype="float32")
        self.array = np.cos(ids).reshape(16, WIDTH)
        self.arrays = {"positions": np.sin(ids).reshape(1, 16, WIDTH), "name": "x"}
        self.integers = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7]
        self.fractions = (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
        self.tensor = ops.arange(16, dtype="float32")
        self.dense = keras.layers.Dense(WIDTH)

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(WIDTH,), name="scale")
        self.table = self.add_weight(shape=(16, WIDTH), name="table")
        self.dense.build((None, WIDTH))

    def call(self, x: Any) -> Any:
        return self.function(self, x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None,) * self.rank


def model_of(*functions: Callable[..., Any], **options: Any) -> keras.Model:
    """Return a model with a layer and an output for each function."""
    dtype = options.pop("input_dtype", "float32")
    x = keras.Input((None, WIDTH), dtype=dtype, name="x")
    model = keras.Model(x, [Calls(one, **options)(x) for one in functions])
    randomize(model)
    return model


def check_sizes(
    model: keras.Model,
    sizes: Sequence[int] = SIZES,
    refused_by: Collection[str] = (),
    **options: Any,
) -> onnx.ModelProto:
    """Export a model natively, and compare its answers with Keras on several sizes.

    Args:
        model: The model.
        sizes: The sizes of its input's second axis.
        refused_by: Backends on which Keras itself can't run the code, only export it.
        options: Further arguments of `to_onnx`.
    """
    proto = to_onnx(model, engine="native", **options)
    if keras.backend.backend() in refused_by or not compares_answers():
        return proto
    onnx.checker.check_model(proto, full_check=True)
    session = open_session(proto)
    rng = np.random.default_rng(3)
    for size in sizes:
        x = rng.normal(size=(2, size, WIDTH))
        if keras.backend.is_int_dtype(model.inputs[0].dtype):
            x = rng.integers(0, 100, size=x.shape)
        x = x.astype(model.inputs[0].dtype)
        wanted = keras.tree.flatten(model(x, training=False))
        for got, want in zip(run(session, [x]), wanted, strict=True):
            assert_alike(got, np.asarray(ops.convert_to_numpy(want)))
    return proto


def kinds(graph: onnx.GraphProto) -> list[str]:
    """Return the operators of a graph, without those of its subgraphs."""
    return [node.op_type for node in graph.node]
