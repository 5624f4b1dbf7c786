"""TimeDistributed: its layer once, on the steps of all samples as one batch."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest
from keras import layers

from support.export_check import check_model, operators, randomize

PLAIN = {"kernel_initializer": "ones"}
IMAGES = {**PLAIN, "data_format": "channels_last"}


def test_the_call_that_is_written_anew_is_as_it_was() -> None:
    parameters = list(inspect.signature(layers.TimeDistributed.call).parameters)
    assert parameters == ["self", "inputs", "training", "mask"]
    inner = layers.TimeDistributed(dense()).layer
    assert (inner._call_has_mask_arg, inner._call_has_training_arg) == (False, True)


def layer_model(layer: Any, shape: Any) -> keras.Model:
    x = keras.Input(shape)
    model = keras.Model(x, layers.TimeDistributed(layer)(x))
    randomize(model)
    return model


def dense() -> Any:
    return layers.Dense(4, **PLAIN)


def convolution() -> Any:
    return layers.Conv2D(2, 3, **IMAGES, activation="relu")


def recurrent() -> Any:
    return layers.LSTM(3, recurrent_initializer="ones", **PLAIN)


def nested() -> Any:
    return keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(4, **PLAIN),
        ]
    )


def twice() -> Any:
    return layers.TimeDistributed(dense())


@pytest.mark.parametrize(
    ("layer", "shape", "found"),
    [
        (dense, (None, 3), {"Add", "MatMul"}),
        (dense, (5, 3), {"Add", "MatMul"}),
        (convolution, (None, 6, 6, 2), {"Conv", "Relu"}),
        (convolution, (4, None, None, 2), {"Conv", "Relu"}),
        (recurrent, (None, 2, 2), {"LSTM"}),
        (nested, (2, 5, 3), {"Add", "BatchNormalization", "MatMul"}),
        (twice, (None, 2, 3), {"Add", "MatMul"}),
    ],
)
def test_one_call_for_all_steps(layer: Any, shape: Any, found: set[str]) -> None:
    proto = check_model(layer_model(layer(), shape))
    assert operators(proto) - {"Concat"} == found


def test_a_mask_goes_to_the_layer_and_on() -> None:
    x = keras.Input((2, 5, 3))
    mask = keras.Input((2, 5), dtype="bool")
    y = layers.TimeDistributed(recurrent())(x, mask=mask)
    model = keras.Model([x, mask], y)
    randomize(model)
    assert "LSTM" in operators(check_model(model))


def test_a_model_that_masks_its_own_words() -> None:
    """Documents of two sentences, each of an unknown number of words."""
    sentence = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(9, 3, mask_zero=True),
            recurrent(),
        ]
    )
    document = keras.Input((2, None), dtype="int32")
    y = layers.TimeDistributed(sentence)(document)
    model = keras.Model(document, recurrent()(y))
    randomize(model)
    check_model(model)
