"""Every opset from the oldest to the newest: the same models, the same answers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from keras_acts.export.options import DEFAULT_OPSET, OPSETS
from support.export_check import (
    assert_alike,
    draw_plain,
    open_session,
    outputs_of,
    randomize,
    run,
)
from support.rows import CASES
from support.runs.evidence import compares_answers

IR_VERSIONS = {
    17: 8,
    18: 8,
    19: 9,
    20: 9,
    21: 10,
    22: 10,
    23: 11,
    24: 12,
    25: 13,
    26: 13,
}
"""The version of the format that came with each opset, which runtimes also check."""

LAST = {"data_format": "channels_last"}
BATCH = 3


def convolutional() -> keras.Model:
    x = keras.Input((9, 8, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu", **LAST)(x)
    y = layers.BatchNormalization(axis=-1)(layers.MaxPooling2D(**LAST)(y))
    y = layers.SeparableConv2D(5, 2, **LAST)(layers.ZeroPadding2D(**LAST)(y))
    y = layers.UpSampling2D(2, interpolation="bilinear", **LAST)(y)
    y = layers.Conv2DTranspose(3, 3, strides=2, **LAST)(layers.GroupNormalization(5)(y))
    y = layers.AveragePooling2D(3, padding="same", **LAST)(y)
    return keras.Model(x, [y, layers.GlobalAveragePooling2D(**LAST)(y)])


def transformer() -> keras.Model:
    tokens = keras.Input((5,), dtype="int32")
    y = layers.Embedding(4, 6, mask_zero=True)(tokens)
    z = layers.MultiHeadAttention(2, 3)(y, y, use_causal_mask=True)
    y = layers.LayerNormalization()(layers.Add()([y, z]))
    z = layers.Dense(6)(layers.Dense(8, activation="gelu")(y))
    return keras.Model(tokens, layers.RMSNormalization()(y + z))


def recurrent() -> keras.Model:
    x = keras.Input((4, 3))
    ones = {"recurrent_initializer": "ones"}
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True, **ones))(x)
    y = layers.GRU(3, return_sequences=True, **ones)(y)
    return keras.Model(x, layers.SimpleRNN(2, **ones)(y))


def operations() -> keras.Model:
    """What changed its form between opsets: reductions, splits, indices, shapes."""
    x = keras.Input((4, 6))
    first, second = ops.split(x, 2, axis=-1)
    values, indices = ops.top_k(x, 2)
    return keras.Model(
        x,
        [
            ops.logsumexp(first, axis=1) + ops.prod(second, axis=1),
            ops.max(x, axis=(1, 2)) - ops.min(x, axis=(1, 2)),
            ops.sqrt(ops.sum(ops.square(x), axis=-1)) + ops.mean(ops.abs(x), axis=-1),
            values + ops.cast(indices, "float32"),
            ops.one_hot(ops.argmax(x, axis=-1), 6),
            ops.pad(ops.cumsum(x, axis=1), ((0, 0), (1, 0), (0, 2)), mode="reflect"),
            ops.clip(ops.round(ops.where(x > 0, x, ops.erf(x))), -2.0, 1.5),
            ops.isnan(x) | ops.isinf(x) | (ops.roll(x, 1, axis=1) > ops.flip(x, 2)),
            ops.take_along_axis(x, ops.argsort(x, axis=-1), axis=-1),
        ],
    )


def activations() -> keras.Model:
    """Every activation of the package, side by side."""
    cases = list({case.layer: case for case in CASES if len(case.shape) == 2}.values())
    x = keras.Input((8,))
    wide = {case.shape[-1]: layers.Dense(case.shape[-1])(x) for case in cases}
    made = [case.make()(wide[case.shape[-1]]) for case in cases]
    keras_own = ["silu", "softplus", "softsign", "hard_sigmoid", "leaky_relu", "glu"]
    made += [layers.Activation(name)(x) for name in keras_own]
    return keras.Model(x, made)


MODELS: tuple[Callable[[], keras.Model], ...] = (
    convolutional,
    transformer,
    recurrent,
    operations,
    activations,
)


@functools.cache
def modelled(make: Callable[[], keras.Model]) -> keras.Model:
    model = make()
    randomize(model)
    return model


@functools.cache
def answered(
    make: Callable[[], keras.Model],
) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray]]:
    """Return a model's inputs and Keras's answers, which no opset changes."""
    model = modelled(make)
    rng = np.random.default_rng(7)
    arrays = [draw_plain(rng, [BATCH, *x.shape[1:]], x.dtype) for x in model.inputs]
    return arrays, outputs_of(model, arrays)


def assert_answers(make: Callable[[], keras.Model], proto: onnx.ModelProto) -> None:
    if compares_answers():
        arrays, want = answered(make)
        got = run(open_session(proto), arrays)
        for actual, expected in zip(got, want, strict=True):
            assert_alike(actual, expected)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            make,
            marks=[pytest.mark.files_differ("indices are int64 on torch")]
            if make is operations
            else [],
        )
        for make in MODELS
    ],
)
def test_a_model_at_each_opset(make: Callable[[], keras.Model], opset: int) -> None:
    proto = to_onnx(modelled(make), opset=opset, engine="native")
    onnx.checker.check_model(proto, full_check=True)
    assert [(x.domain, x.version) for x in proto.opset_import] == [("", opset)]
    assert proto.ir_version == IR_VERSIONS[opset]
    assert {node.domain for node in proto.graph.node} == {""}
    assert_answers(make, proto)


@pytest.mark.parametrize("target", ["cuda", "portable"])
@pytest.mark.parametrize("opset", [OPSETS[0], OPSETS[-1]])
def test_activations_for_other_targets(opset: int, target: str) -> None:
    proto = to_onnx(modelled(activations), opset=opset, target=target)
    assert_answers(activations, proto)


def test_the_default_opset() -> None:
    x = keras.Input((3,))
    proto: Any = to_onnx(keras.Model(x, layers.ReLU()(x)))
    assert [one.version for one in proto.opset_import] == [DEFAULT_OPSET]
    assert set(IR_VERSIONS) == set(OPSETS)
    assert max(IR_VERSIONS.values()) == 13
