"""Recurrent layers of any cell: flags, states, masks, nesting, all as one Scan."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers, ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from support.export_check import LayerCase, check, check_model, each, randomize

PLAIN = {
    "kernel_initializer": "ones",
    "recurrent_initializer": "ones",
    "bias_initializer": "ones",
}


@keras.saving.register_keras_serializable("rnn_cells")
class MinimalCell(layers.Layer):
    """A cell of the user's own: one state, not the output, and an inner layer."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = 2 * units
        self.dense = layers.Dense(units, "sigmoid", kernel_initializer="ones")

    def build(self, shape: Any) -> None:
        self.dense.build((shape[0], shape[1] + self.units))

    def call(self, x: Any, states: Any) -> Any:
        (previous,) = states
        gate = self.dense(ops.concatenate([x, previous], axis=-1))
        new = gate * previous + (1 - gate) * ops.sum(x, axis=-1, keepdims=True)
        return ops.concatenate([new, gate], axis=-1), [new]


def plain(**kwargs: Any) -> LayerCase:
    """Keras's simplest cell over unknown time, in a layer that has only the loop."""

    def layer(**flags: Any) -> layers.Layer:
        cell = {k: flags.pop(k) for k in CELL & flags.keys()}
        return layers.RNN(layers.SimpleRNNCell(3, **PLAIN, **cell), **flags)

    return case(layer, **kwargs)


CELL = {"activation", "dropout", "recurrent_dropout", "use_bias"}
"""Arguments of the cell, not of the loop."""


def case(layer: Any, operators: Any = None, shape: Any = (None, 2), **kwargs: Any):
    if operators is None:
        operators = {"Concat", "Expand", "Scan"}
    return LayerCase(layer, kwargs, shape, operators)


def of(cell: Any) -> Any:
    """What makes an RNN of a cell that `cell` makes anew."""

    def layer(**kwargs: Any) -> layers.Layer:
        return layers.RNN(cell(), **kwargs)

    layer.__name__ = f"RNN-{cell.__name__}"
    return layer


def minimal() -> Any:
    return MinimalCell(3)


def stacked() -> Any:
    cells = [
        layers.SimpleRNNCell(3, **PLAIN),
        layers.LSTMCell(2, **PLAIN),
        layers.GRUCell(4, **PLAIN),
    ]
    return layers.StackedRNNCells(cells)


def stack_of_one() -> Any:
    return layers.StackedRNNCells([layers.LSTMCell(2, **PLAIN)])


@each(
    plain(),
    plain(return_sequences=True, activation="relu"),
    plain(return_state=True, go_backwards=True, use_bias=False),
    plain(return_sequences=True, return_state=True, go_backwards=True),
    plain(dropout=0.5, recurrent_dropout=0.5, activation=None),
    plain(unroll=True, shape=(5, 2)),
    case(of(minimal), return_sequences=True),
    case(of(minimal), return_state=True),
    case(of(stacked), return_sequences=True, return_state=True),
    case(of(stack_of_one), return_state=True),
)
def test_without_a_mask(case: LayerCase) -> None:
    check(case)


def masked(rnn: Any, pattern: str, initial: bool = False, **kwargs: Any) -> Any:
    """A model whose recurrent layer has a mask from a layer before it."""
    x = keras.Input((None, 2))
    mask = keras.Input((None,), dtype="bool")
    inputs, more = [x], []
    if initial:
        inputs.append(state := keras.Input((3,)))
        more.append(state)
    if pattern == "given":
        y = rnn(x, mask=mask, **({"initial_state": more} if initial else {}))
        return keras.Model([*inputs, mask], y)
    return keras.Model(inputs, rnn(layers.Masking()(x)))


def draw_masked(rng: Any, shape: Any, dtype: str) -> Any:
    """Draw masks of any pattern, the first step left out in some sample."""
    if dtype == "bool":
        drawn = rng.integers(0, 2, shape).astype(bool)
        drawn[-1, 0] = False
        drawn[0, -1] = True
        return drawn
    numbers = rng.normal(size=shape).astype(dtype)
    if len(shape) > 2:
        numbers[:, 2] = 0
        numbers[-1, :2] = 0
        numbers[0, 5:] = 0
    return numbers


MASKED = {
    "last": {},
    "sequences": {"return_sequences": True, "return_state": True},
    "zeros": {"return_sequences": True, "zero_output_for_mask": True},
    "zero-last": {"zero_output_for_mask": True, "return_state": True},
    "backwards": {"return_sequences": True, "go_backwards": True},
}


@pytest.mark.parametrize("pattern", ["given", "masking"])
@pytest.mark.parametrize("flags", MASKED)
def test_with_a_mask(pattern: str, flags: str) -> None:
    rnn = layers.RNN(layers.SimpleRNNCell(3, **PLAIN), **MASKED[flags])
    model = masked(rnn, pattern)
    randomize(model)
    check_model(model, draw=draw_masked)
