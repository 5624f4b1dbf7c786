"""Both directions of recurrent layers: one operator where the layers are alike."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers

from support.export_check import check_model, operators, randomize
from support.recurrent import (
    BACKWARDS,
    PLAIN,
    SEQUENCES,
    STATES,
    UNITS,
    bidirectional,
    built,
    draw_any,
    masked,
)


@pytest.mark.parametrize(
    ("layer", "mode", "flags", "extra"),
    [
        (layers.LSTM, "concat", SEQUENCES, set()),
        (layers.GRU, "sum", STATES, {"Add", "Gather", "Split"}),
        (layers.LSTM, "mul", {}, {"Mul", "Split"}),
        (layers.GRU, "ave", SEQUENCES, {"Add", "Div", "Split"}),
        (layers.LSTM, None, SEQUENCES | STATES, {"Gather", "Split"}),
    ],
    ids=["concat", "sum", "mul", "ave", "none"],
)
def test_both_directions_are_one_operator(
    layer: Any, mode: Any, flags: Any, extra: set[str]
) -> None:
    proto = check_model(built(bidirectional(layer, mode, **flags)))
    assert operators(proto) == {layer.__name__} | extra


def test_both_directions_with_masks_and_states() -> None:
    layer = bidirectional(layers.LSTM, **SEQUENCES, **STATES)
    proto = check_model(masked(layer, 4), draw=draw_any)
    assert sum(node.op_type == "LSTM" for node in proto.graph.node) == 1


def backwards(layer: Any, **kwargs: Any) -> Any:
    return layer(UNITS, **PLAIN, **BACKWARDS, **kwargs)


def forwards(layer: Any) -> Any:
    return layer(UNITS, **PLAIN, **SEQUENCES)


def of_a_cell() -> Any:
    return layers.RNN(layers.GRUCell(UNITS, **PLAIN), **SEQUENCES)


@keras.saving.register_keras_serializable("recurrent")
class OwnCell(layers.GRUCell):
    """A cell of the user's own, of which nothing is known."""


def of_an_own_cell() -> Any:
    return layers.RNN(OwnCell(UNITS, **PLAIN), **SEQUENCES)


@pytest.mark.parametrize(
    ("forward", "backward", "found"),
    [
        (
            lambda: forwards(layers.LSTM),
            lambda: backwards(layers.GRU),
            {"LSTM", "GRU"},
        ),
        (
            lambda: forwards(layers.GRU),
            lambda: backwards(layers.GRU, reset_after=False),
            {"GRU"},
        ),
        (of_a_cell, lambda: None, {"GRU"}),
        (of_an_own_cell, lambda: backwards(layers.LSTM), {"LSTM", "Scan"}),
    ],
    ids=["LSTM-GRU", "GRU-GRU", "cell", "own-cell-LSTM"],
)
def test_directions_of_several_kinds(
    forward: Any, backward: Any, found: set[str]
) -> None:
    layer = layers.Bidirectional(forward(), backward_layer=backward())
    proto = check_model(masked(layer), draw=draw_any)
    assert operators(proto) & {"LSTM", "GRU", "Scan"} == found


def test_both_directions_of_images() -> None:
    convolution = layers.ConvLSTM1D(
        2, 3, **PLAIN, **SEQUENCES, data_format="channels_last"
    )
    x = keras.Input((None, 5, 2))
    model = keras.Model(x, layers.Bidirectional(convolution)(x))
    randomize(model)
    assert "Scan" in operators(check_model(model))
