"""Quantized layers, and layers with LoRA: the file computes with Keras's integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import OpsetError, export_model, to_onnx
from support.export_check import check_model, operators

pytestmark = pytest.mark.filterwarnings(
    # Keras transposes a vector by torch's `.T`, which torch warns of, once.
    "ignore:(?s).*The use of `x.T` on tensors of dimension other than 2",
    "ignore:Layer InputLayer does not have a `quantize` method",
)

INT8, UINT8 = onnx.TensorProto.INT8, onnx.TensorProto.UINT8
FLOAT = onnx.TensorProto.FLOAT


def dense(**kwargs: Any) -> layers.Layer:
    return layers.Dense(5, activation="tanh", **kwargs)


def einsum(**kwargs: Any) -> layers.Layer:
    return layers.EinsumDense("abc,cde->abde", (None, 3, 5), bias_axes="de", **kwargs)


def another_order(**kwargs: Any) -> layers.Layer:
    return layers.EinsumDense("abc,dc->adb", (3, 4), **kwargs)


def embedding(**kwargs: Any) -> layers.Layer:
    return layers.Embedding(6, 5, **kwargs)


class Tied(layers.Layer):
    """Looks tokens up and gives their logits."""

    def __init__(self, tie_weights: bool = True, **kwargs: Any) -> None:
        super().__init__(name="tied")
        self.table = layers.ReversibleEmbedding(
            6, 5, tie_weights=tie_weights, logit_soft_cap=3.0, name="table", **kwargs
        )

    def build(self, shape: Any) -> None:
        self.table.build(shape)

    def call(self, x: Any) -> Any:
        return self.table(ops.tanh(self.table(x)), reverse=True)


def tied(**kwargs: Any) -> layers.Layer:
    return Tied(**kwargs)


def untied(**kwargs: Any) -> layers.Layer:
    return Tied(tie_weights=False, **kwargs)


Make = Callable[..., layers.Layer]
TOKENS = (embedding, tied, untied)


def quantized_model(make: Make, mode: str | None = None, rank: int = 0) -> keras.Model:
    """Return a model of one layer with random weights, then quantized, then adapted."""
    x = keras.Input((4,), dtype="int32") if make in TOKENS else keras.Input((4, 8))
    layer = make()
    model = keras.Model(x, layer(x))
    rng = np.random.default_rng(3)
    for variable in model.variables:
        variable.assign(rng.normal(0.0, 0.5, variable.shape))
    layer = getattr(layer, "table", layer)
    if mode is not None:
        layer.quantize(mode)
    if rank:
        layer.enable_lora(rank)
        for variable in layer.trainable_variables:
            variable.assign(rng.normal(0.0, 0.5, variable.shape))
    return model


def stored(proto: onnx.ModelProto) -> dict[str, int]:
    """The types of the weights, by their names without the layer's."""
    return {
        x.name.rpartition("/")[2]: x.data_type
        for x in proto.graph.initializer
        if "constant" not in x.name
    }


@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.parametrize("make", [dense, einsum, embedding, tied, untied])
def test_integers_are_kept_and_adapted(make: Make, mode: str) -> None:
    proto = check_model(quantized_model(make, mode, rank=2))
    weights = stored(proto)
    name = "embeddings" if make in TOKENS else "kernel"
    assert weights[name] == INT8
    if make is untied:
        assert weights["reverse_embeddings"] == INT8
    assert len([name for name in weights if name.startswith("lora")]) == 2


@pytest.mark.parametrize("make", [dense, einsum, tied, untied])
def test_int8_is_multiplied_as_integers(make: Make) -> None:
    proto = check_model(quantized_model(make, "int8"))
    assert "MatMulInteger" in operators(proto)
    assert "MatMul" not in operators(proto)


def test_an_einsum_of_int8_in_another_order() -> None:
    proto = check_model(quantized_model(another_order, "int8"))
    assert stored(proto)["kernel"] == INT8


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_integers_in_the_oldest_opset(mode: str) -> None:
    check_model(quantized_model(dense, mode), opset=17)


@pytest.mark.parametrize("make", [dense, einsum])
def test_float8(make: Make) -> None:
    check_model(quantized_model(make, "float8"))


def test_float8_before_its_opset() -> None:
    with pytest.raises(OpsetError, match="from opset 19 on"):
        to_onnx(quantized_model(dense, "float8"), opset=18)


@pytest.mark.parametrize("make", [dense, einsum, embedding])
def test_lora_alone(make: Make) -> None:
    proto = check_model(quantized_model(make, rank=2))
    assert set(stored(proto).values()) == {FLOAT}
    assert len([name for name in stored(proto) if "lora" in name]) == 2


WEIGHTS_ALONE = keras.quantizers.Int8QuantizationConfig(activation_quantizer=None)
PER_CHANNEL = keras.quantizers.Int4QuantizationConfig(block_size=-1)
IN_BLOCKS = keras.quantizers.Int4QuantizationConfig(block_size=3)


@pytest.mark.files_differ("the backend computes the scales of the integers")
@pytest.mark.parametrize(
    ("make", "config"),
    [
        (dense, WEIGHTS_ALONE),
        (einsum, WEIGHTS_ALONE),
        (dense, PER_CHANNEL),
        (einsum, IN_BLOCKS),
    ],
)
def test_configurations(make: Make, config: Any) -> None:
    model = quantized_model(make)
    model.layers[-1].quantize(config.mode, config=config)
    check_model(model)


@pytest.mark.parametrize(("make", "mode"), [(dense, "gptq"), (einsum, "awq")])
def test_calibrated_layers(make: Make, mode: str) -> None:
    """What a calibration leaves: weights of four bits with scales and zeros."""
    config = {
        "gptq": keras.quantizers.GPTQConfig,
        "awq": keras.quantizers.AWQConfig,
    }[mode](dataset=None, tokenizer=None, weight_bits=4, group_size=4)
    model = quantized_model(make)
    layer = model.layers[-1]
    layer.quantize(mode, config=config)
    rng = np.random.default_rng(1)
    for variable in (layer.quantized_kernel, layer.kernel_zero):
        top = 256 if variable is layer.quantized_kernel else 16
        variable.assign(rng.integers(0, top, variable.shape))
    layer.kernel_scale.assign(rng.uniform(0.01, 0.1, layer.kernel_scale.shape))
    layer.g_idx.assign(np.arange(layer.g_idx.shape[0]) // 4)
    setattr(layer, f"is_{mode}_calibrated", True)
    check_model(model)


@pytest.mark.slow
def test_a_quantized_model_is_verified(tmp_path: Any) -> None:
    x = keras.Input((6,), name="x")
    y = layers.Dense(16, activation="relu")(x)
    model = keras.Model(x, layers.Dense(3)(y))
    model.quantize("int8")
    assert export_model(model, tmp_path / "model.onnx").passed
