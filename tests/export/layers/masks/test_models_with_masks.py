"""Masks on their way through wrappers, nested models, merges and code of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

from support.export_check import check_model, randomize
from support.masks import mask_of
from support.recurrent import PLAIN

pytestmark = pytest.mark.filterwarnings("ignore:.*destroy the mask:UserWarning")

DENSE = {"kernel_initializer": "ones"}
TIME, WORDS = 6, 5


def words() -> Any:
    return keras.Input((TIME,), dtype="int32")


def embedded(x: Any) -> Any:
    return layers.Embedding(9, 3, mask_zero=True)(x)


def gru(**kwargs: Any) -> Any:
    return layers.GRU(2, **PLAIN, return_sequences=True, **kwargs)


class Doubled(layers.Wrapper):
    """A wrapper that is silent about masks."""

    def call(self, inputs: Any) -> Any:
        return 2.0 * self.layer(inputs)


class Supporting(Doubled):
    """A wrapper that supports them."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self.supports_masking = True


class Passing(layers.Wrapper):
    """A wrapper that returns what its layer does."""

    def call(self, inputs: Any) -> Any:
        return self.layer(ops.convert_to_tensor(inputs))


class Shifting(layers.Layer):
    """A layer that makes another mask."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return inputs[:, 1:] if mask is None else inputs[:, 1:] * 1.0

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None if previous_mask is None else previous_mask[:, :-1]


class Reading(layers.Layer):
    """Code that reads a tensor's mask."""

    def call(self, inputs: Any) -> Any:
        mask = mask_of(inputs)
        if mask is None:
            return inputs * 1.0
        return inputs * ops.cast(ops.expand_dims(mask, -1), inputs.dtype)


class Asking(layers.Layer):
    """Code that asks a layer for its mask, and hands it on."""

    def __init__(self) -> None:
        super().__init__()
        self.table = layers.Embedding(9, 3, mask_zero=True)
        self.rnn = gru()

    def build(self, input_shape: Any) -> None:
        self.table.build(input_shape)
        self.rnn.build((*input_shape, 3))

    def call(self, inputs: Any) -> Any:
        return self.rnn(self.table(inputs) + 0, mask=self.table.compute_mask(inputs))


def inner_functional() -> Any:
    x = keras.Input((TIME, 3))
    return keras.Model(x, layers.Dense(3, **DENSE)(layers.Dropout(0.2)(x)))


def inner_sequential() -> Any:
    return keras.Sequential([layers.Masking(), layers.Dense(3, **DENSE)])


class InnerSubclass(keras.Model):
    """A model that makes a mask inside."""

    def __init__(self) -> None:
        super().__init__()
        self.masking, self.dense = layers.Masking(), layers.Dense(3, **DENSE)

    def build(self, input_shape: Any) -> None:
        self.dense.build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.dense(self.masking(inputs))


def attention(x: Any) -> Any:
    heads = layers.MultiHeadAttention(2, 2, **DENSE)
    return heads(x, x)


def grouped(x: Any) -> Any:
    heads = layers.GroupQueryAttention(2, 4, 2, **DENSE)
    return heads(x, x)


def shared(x: Any) -> Any:
    dense = layers.SpectralNormalization(layers.Dense(3, **DENSE))
    return layers.Add()([dense(x), dense(dense(x))])


MODELS: dict[str, Callable[[Any], Any]] = {
    "spectral": layers.SpectralNormalization(layers.Dense(3, **DENSE)),
    "spectral-twice": layers.SpectralNormalization(
        layers.SpectralNormalization(layers.Dense(3, **DENSE))
    ),
    "spectral-convolution": layers.SpectralNormalization(
        layers.Conv1D(3, 3, padding="same", **DENSE)
    ),
    "silent-wrapper": Doubled(layers.Dense(3, **DENSE)),
    "supporting-wrapper": Supporting(layers.Dense(3, **DENSE)),
    "passing-wrapper": Passing(layers.Dense(3, **DENSE)),
    "time-distributed": layers.TimeDistributed(layers.Dense(3, **DENSE)),
    "wrapped-time-distributed": Passing(
        layers.TimeDistributed(layers.Dense(3, **DENSE))
    ),
    "wrapped-rnn": Passing(gru()),
    "other-mask": lambda x: layers.ZeroPadding1D((0, 1))(Shifting()(x)),
    "read-mask": lambda x: Reading()(x),
    "lambda": lambda x: layers.Lambda(lambda y: y * 2.0)(x),
    "lambda-same": lambda x: layers.Lambda(lambda y: ops.cast(y, "float32"))(x),
    "lambda-mask": lambda x: layers.Lambda(
        lambda y: y * 2.0, mask=lambda inputs, mask: ops.logical_not(mask)
    )(x),
    "functional": lambda x: inner_functional()(x),
    "sequential": lambda x: inner_sequential()(x),
    "subclass": lambda x: InnerSubclass()(x),
    "functional-of-wrapper": lambda x: keras.Sequential(
        [layers.SpectralNormalization(layers.Dense(3, **DENSE))]
    )(x),
    "shared": shared,
    "add": lambda x: layers.Add()([x, layers.Dense(3, **DENSE)(x)]),
    "add-half": lambda x: layers.Add()([x, Doubled(layers.Dense(3, **DENSE))(x)]),
    "multiply": lambda x: layers.Multiply()([x, layers.Dense(3, **DENSE)(x)]),
    "maximum": lambda x: layers.Maximum()([x, layers.Dense(3, **DENSE)(x)]),
    "concatenate": lambda x: layers.Concatenate()([x, x]),
    "concatenate-half": lambda x: layers.Concatenate()(
        [x, Doubled(layers.Dense(3, **DENSE))(x)]
    ),
    "concatenate-time": lambda x: layers.Concatenate(axis=1)([x, x]),
    "dot": lambda x: layers.Dot(axes=2)([x, x]),
    "attention": lambda x: layers.Attention()([x, x]),
    "additive-attention": lambda x: layers.AdditiveAttention(use_scale=False)([x, x]),
    "heads": attention,
    "grouped-heads": grouped,
    "heads-and-residual": lambda x: layers.Add()([x, attention(x)]),
    "norm": lambda x: layers.LayerNormalization()(x),
    "batch-norm": lambda x: layers.BatchNormalization()(x),
    "softmax": lambda x: layers.Activation("softmax")(x),
    "repeated": lambda x: layers.RepeatVector(TIME)(layers.LSTM(3, **PLAIN)(x)),
    "both-directions": layers.Bidirectional(gru()),
    "images": lambda x: layers.Reshape((TIME, 3))(layers.Reshape((3, TIME))(x)),
    "moved": lambda x: layers.Permute((2, 1))(layers.Permute((2, 1))(x)),
}


@pytest.mark.parametrize("make", MODELS)
def test_a_mask_reaches_the_layer_behind(make: str) -> None:
    x = words()
    y = gru()(MODELS[make](embedded(x)))
    model = keras.Model(x, y)
    randomize(model)
    check_model(model)


@pytest.mark.parametrize(
    "last",
    [
        lambda x: layers.GlobalAveragePooling1D()(x),
        lambda x: layers.Dense(2, **DENSE)(layers.GRU(2, **PLAIN)(x)),
        lambda x: layers.Flatten()(gru()(x)),
    ],
    ids=["mean", "last", "flat"],
)
def test_what_reads_a_mask_behind_a_wrapper(last: Any) -> None:
    x = words()
    y = layers.SpectralNormalization(layers.Dense(3, **DENSE))(embedded(x))
    model = keras.Model(x, last(y))
    randomize(model)
    check_model(model)


def test_a_mask_that_code_asks_for() -> None:
    x = words()
    model = keras.Model(x, Asking()(x))
    randomize(model)
    check_model(model)
