"""Whole networks with activations of ours inside, as dense layers, convolutions, …"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers as kl

from keras_acts import layers
from support.case import Case
from support.models import jiggle


def side_by_side(cases: Sequence[Case]) -> Any:
    """Return a model of an input and an output for each case."""
    inputs = [keras.Input(c.shape[1:], name=f"x{i:02}") for i, c in enumerate(cases)]
    made = [case.make() for case in cases]
    outputs = [layer(x) for layer, x in zip(made, inputs, strict=True)]
    for case, layer in zip(cases, made, strict=True):
        case.set_weights(layer)
    if len(cases) == 1:
        return jiggle(keras.Model(inputs[0], outputs[0]))
    return jiggle(keras.Model(inputs, outputs))


def dense() -> Any:
    """Learned activations, a Maxout, and a normalizing one in place of a norm."""
    inputs = keras.Input((8,), name="x00")
    x = kl.Dense(12, activation=layers.GELU())(inputs)
    x = layers.PReLU()(layers.DyT()(x))
    x = layers.Maxout(6)(x)
    x = kl.Dense(5, activation=layers.Swish(learnable=True))(x)
    return jiggle(keras.Model(inputs, layers.Sparsemax()(x)))


def convolutions() -> Any:
    """A residual network of a MaxoutConv2D and adaptive activations."""
    inputs = keras.Input((8, 8, 3), name="x00")
    x = layers.MaxoutConv2D(4, 3, padding="same")(inputs)
    y = layers.APReLU()(kl.BatchNormalization()(kl.Conv2D(4, 3, padding="same")(x)))
    x = layers.FReLU()(kl.add([x, y]))
    x = layers.MetaACON()(kl.Conv2D(6, 3)(kl.MaxPooling2D()(x)))
    return jiggle(keras.Model(inputs, kl.Dense(3)(kl.GlobalAveragePooling2D()(x))))


def transformer() -> Any:
    """A block of attention, gated feed-forward layers, and token ids."""
    inputs = keras.Input((7,), dtype="int32", name="x00")
    x = kl.Embedding(20, 8)(inputs)
    y = kl.LayerNormalization()(x)
    x = kl.add([x, kl.MultiHeadAttention(2, 4)(y, y)])
    y = layers.GatedDense(16, gate="swish")(kl.LayerNormalization()(x))
    x = kl.add([x, kl.Dense(8)(y)])
    y = layers.GEGLU()(kl.Dense(16)(x))
    return jiggle(keras.Model(inputs, layers.Softmax()(kl.Dense(20)(y))))


def several() -> Any:
    """Two inputs and two outputs."""
    series, numbers = keras.Input((6, 4), name="x00"), keras.Input((3,), name="x01")
    x = kl.Conv1D(5, 2, activation=layers.Softsign())(series)
    x = kl.GlobalMaxPooling1D()(x)
    y = layers.Mish()(kl.Dense(5)(numbers))
    both = kl.concatenate([x, y])
    outputs = [kl.Dense(2)(layers.CReLU()(both)), layers.Entmax15()(both)]
    return jiggle(keras.Model([series, numbers], outputs))


def recurrent() -> Any:
    """A GRU whose activation is ours."""
    inputs = keras.Input((6, 4), name="x00")
    x = kl.GRU(5, activation=layers.Softsign())(inputs)
    return jiggle(keras.Model(inputs, kl.Dense(2)(x)))


NETWORKS: tuple[Callable[[], Any], ...] = (
    *(dense, convolutions, transformer, several, recurrent),
)
