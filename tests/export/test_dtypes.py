"""Half and double precision: layers of each family, and what the report says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers

import keras_acts
from keras_acts.export import export_model, to_onnx
from support.export_check import check_model, open_session, randomize, run
from support.structures import dense_model

BFLOAT16, FLOAT16 = onnx.TensorProto.BFLOAT16, onnx.TensorProto.FLOAT16


def cnn(policy: str) -> keras.Model:
    x = keras.Input((9, 9, 3), dtype="float32", name="image")
    y = layers.Conv2D(4, 3, padding="same", dtype=policy, data_format="channels_last")(
        x
    )
    y = layers.BatchNormalization(axis=-1, dtype=policy)(y)
    y = layers.Activation("relu", dtype=policy)(y)
    y = layers.MaxPooling2D(dtype=policy, data_format="channels_last")(y)
    y = layers.SeparableConv2D(4, 2, dtype=policy, data_format="channels_last")(y)
    y = layers.GlobalAveragePooling2D(dtype=policy, data_format="channels_last")(y)
    return keras.Model(x, layers.Dense(3, dtype=policy, name="out")(y))


def mlp(policy: str) -> keras.Model:
    x = keras.Input((6,), dtype="float32", name="x")
    y = layers.Dense(8, activation="gelu", dtype=policy)(x)
    y = layers.LayerNormalization(dtype=policy)(y)
    y = keras_acts.layers.Mish(dtype=policy)(layers.Dense(8, dtype=policy)(y))
    return keras.Model(
        x, layers.Dense(3, activation="softmax", dtype=policy, name="out")(y)
    )


def transformer(policy: str) -> keras.Model:
    """Token embeddings, and attention to them by einsums."""
    x = keras.Input((5,), dtype="int32", name="tokens")
    y = layers.Embedding(7, 6, dtype=policy)(x)
    heads = layers.EinsumDense("abc,cde->abde", (None, 2, 3), dtype=policy)(y)
    scores = keras.ops.einsum("aqhd,akhd->ahqk", heads, heads)
    mixed = keras.ops.einsum(
        "ahqk,akhd->aqhd", keras.ops.softmax(scores), keras.ops.tanh(heads)
    )
    y = layers.Add(dtype=policy)([y, layers.Reshape((5, 6), dtype=policy)(mixed)])
    y = layers.RMSNormalization(dtype=policy)(y)
    return keras.Model(x, layers.Dense(2, dtype=policy, name="out")(y))


def recurrent(policy: str) -> keras.Model:
    x = keras.Input((4, 3), dtype="float32", name="x")
    y = layers.LSTM(
        3, return_sequences=True, dtype=policy, recurrent_initializer="ones"
    )(x)
    return keras.Model(
        x, layers.GRU(2, dtype=policy, recurrent_initializer="ones", name="out")(y)
    )


MODELS: tuple[Callable[[str], keras.Model], ...] = (cnn, mlp, transformer, recurrent)


@pytest.mark.parametrize("policy", ["bfloat16", "mixed_float16"])
@pytest.mark.parametrize("make", MODELS)
def test_half_precision(make: Callable[[str], keras.Model], policy: str) -> None:
    model = make(policy)
    randomize(model)
    proto = check_model(model)
    (output,) = proto.graph.output
    wanted = BFLOAT16 if "bfloat16" in policy else FLOAT16
    assert output.type.tensor_type.elem_type == wanted


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("make", MODELS)
def test_double_precision(make: Callable[[str], keras.Model]) -> None:
    """On torch Keras multiplies in float32, so that tolerance holds."""
    model = make("float64")
    randomize(model)
    proto = check_model(model, precision="float32")
    stored = {x.data_type for x in proto.graph.initializer if len(x.dims) > 1}
    assert stored == {onnx.TensorProto.DOUBLE}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("make", [cnn, mlp])
def test_mixed_precision_is_verified(
    make: Callable[[str], keras.Model], policy: str, tmp_path: Path
) -> None:
    report = export_model(make(policy), tmp_path / "m.onnx", batch_sizes=(2,))
    assert report.passed
    assert [output.dtype for output in report.outputs] == [
        policy.removeprefix("mixed_")
    ]
    if policy == "mixed_bfloat16":
        (note,) = report.notes
        assert "computes in float32" in note
        assert "MatMul" in note
        assert f"note: {note}" in str(report)
        assert report.to_dict()["notes"] == [note]
    else:
        assert report.notes == ()


def test_the_file_says_what_is_computed_in_float32() -> None:
    def notes(policy: str) -> dict[str, str]:
        proto = to_onnx(mlp(policy))
        return {one.key: one.value for one in proto.metadata_props}

    assert notes("bfloat16")["keras_acts_in_float32"].startswith("bfloat16 Add, ")
    assert "keras_acts_in_float32" not in notes("float32")


def test_one_dtype_for_a_mixed_model() -> None:
    """`dtype` stands in place of every floating dtype but half precision."""
    proto: Any = to_onnx(mlp("mixed_bfloat16"), dtype="float32")
    types = {x.data_type for x in proto.graph.initializer}
    assert BFLOAT16 not in types
    assert {node.op_type for node in proto.graph.node} & {"Cast"} == set()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_dtype_for_the_whole_file(dtype: str) -> None:
    model = dense_model()
    randomize(model)
    proto = to_onnx(model, dtype=dtype)
    made = {x.data_type for x in proto.graph.initializer}
    assert made == {onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))}
    array = np.random.default_rng(0).normal(size=(3, 4))
    (got,) = run(open_session(proto), [array.astype(dtype)])
    want = np.asarray(keras.ops.convert_to_numpy(model(array.astype("float32"))))
    assert got.dtype == dtype
    precision = {"float16": 2e-3}.get(dtype, 1e-6)
    np.testing.assert_allclose(got, want, atol=precision)


@pytest.mark.parametrize("policy", ["mixed_float16", "float16"])
def test_half_precision_policies(policy: str) -> None:
    x = keras.Input((4,), dtype="float32")
    y = layers.Dense(3, activation="gelu", dtype=policy)(x)
    model = keras.Model(x, layers.Dense(2, dtype=policy)(y))
    proto = check_model(model)
    stored = {x.data_type for x in proto.graph.initializer if len(x.dims) == 2}
    assert stored == {onnx.TensorProto.FLOAT16}


@pytest.mark.usefixtures("x64")
def test_a_float64_policy() -> None:
    x = keras.Input((4,), dtype="float64")
    y = layers.Dense(3, activation="relu", dtype="float64")(x)
    model = keras.Model(x, layers.Dense(3, dtype="float64")(y))
    randomize(model)
    proto = to_onnx(model)
    assert proto.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    # Keras multiplies in float32 on torch, whatever the policy.
    k1, b1, k2, b2 = (np.asarray(keras.ops.convert_to_numpy(v)) for v in model.weights)
    array = np.random.default_rng(0).normal(size=(3, 4))
    (got,) = run(open_session(proto), [array])
    want = np.maximum(array @ k1 + b1, 0.0) @ k2 + b2
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_large_numbers_saturate_in_float16() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Softmax()(x + np.asarray([0, -1e9, 0, -1e9], "f")))
    (got,) = run(
        open_session(to_onnx(model, dtype="float16")), [np.ones((1, 4), "float16")]
    )
    np.testing.assert_array_equal(got, [[0.5, 0, 0.5, 0]])
