"""Models that Keras quantized: integers stay integers, and the answers Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest

from keras_acts.export import export_model


def dense() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="gelu"),
            keras.layers.Dense(10),
        ]
    )


def textual() -> keras.Model:
    tokens = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(100, 32)(tokens)
    x = keras.layers.MultiHeadAttention(4, 8)(x, x)
    x = keras.layers.EinsumDense("abc,cd->abd", (None, 24), bias_axes="d")(x)
    return keras.Model(tokens, keras.layers.Dense(8)(x))


MODELS = {"dense": dense, "textual": textual}


@pytest.mark.slow
@pytest.mark.answers_differ("each backend multiplies integers by itself")
@pytest.mark.filterwarnings("ignore:Layer .* `quantize` method:UserWarning")
@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.parametrize("name", MODELS)
def test_quantized_by_keras(name, mode, tmp_path):
    model = MODELS[name]()
    kernels = [int(np.prod(x.shape)) for x in model.weights if len(x.shape) > 1]
    model.quantize(mode)
    path = tmp_path / "model.onnx"
    assert export_model(model, path).status == "passed"
    stored = onnx.load(path).graph.initializer
    floats = [x for x in stored if x.data_type == onnx.TensorProto.FLOAT]
    assert max(int(np.prod(x.dims)) for x in floats) <= 100  # scales and biases alone
    integers = [x for x in stored if x.data_type == onnx.TensorProto.INT8]
    bits = {"int8": 8, "int4": 4}[mode]
    assert sum(len(x.raw_data) for x in integers) <= 1.2 * sum(kernels) * bits / 8
    if mode == "int8":
        operators = [node.op_type for node in onnx.load(path).graph.node]
        assert "MatMulInteger" in operators
