"""Recurrent layers of any cell: flags, states, masks, nesting, all as one Scan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import StatefulLayerError, UnsupportedOperationError, to_onnx
from support.export_check import LayerCase, check_layer, check_model, each, randomize

PLAIN = {
    "kernel_initializer": "ones",
    "recurrent_initializer": "ones",
    "bias_initializer": "ones",
}


IMAGES = {**PLAIN, "kernel_size": 3, "filters": 2}


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

    return layer_case(layer, **kwargs)


CELL = {"activation", "dropout", "recurrent_dropout", "use_bias"}
"""Arguments of the cell, not of the loop."""


def layer_case(
    layer: Any, operators: Any = None, shape: Any = (None, 2), **kwargs: Any
):
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
    plain(unroll=True, shape=(5, 2)),
    layer_case(of(minimal), return_sequences=True),
    layer_case(of(minimal), return_state=True),
    layer_case(of(stacked), return_sequences=True, return_state=True),
)
def test_without_a_mask(case: LayerCase) -> None:
    check_layer(case)


@pytest.mark.skipif(
    keras.backend.backend() == "jax",
    reason="Keras takes the states of a stack of one apart, which JAX's loop refuses",
)
def test_a_stack_of_one_cell() -> None:
    check_layer(layer_case(of(stack_of_one), return_state=True))


@each(
    plain(activation=None), layer_case(layers.ConvLSTM1D, shape=(None, 6, 3), **IMAGES)
)
def test_dropout_is_left_out(case: LayerCase) -> None:
    def without(model: keras.Model) -> keras.Model:
        """The same without dropout, whose masks JAX can't draw while it compiles."""
        twin = case.model()
        twin.set_weights(model.get_weights())
        return twin

    rates = {"dropout": 0.5, "recurrent_dropout": 0.5}
    check_layer(replace(case, kwargs={**case.kwargs, **rates}), without)


def masked(rnn: Any, pattern: str) -> keras.Model:
    """A model whose recurrent layer has a mask: an input, or from a layer before it."""
    x = keras.Input((None, 2))
    if pattern == "masking":
        return keras.Model(x, rnn(layers.Masking()(x)))
    mask = keras.Input((None,), dtype="bool")
    return keras.Model([x, mask], rnn(x, mask=mask))


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


def test_a_mask_of_an_embedding() -> None:
    words = keras.Input((None,), dtype="int32")
    embedding = layers.Embedding(4, 3, mask_zero=True, embeddings_initializer="ones")
    rnn = layers.RNN(stacked(), return_sequences=True)
    model = keras.Model(words, rnn(embedding(words)))
    randomize(model)
    proto = check_model(model)
    assert "Scan" in {node.op_type for node in proto.graph.node}


class Affine(layers.Layer):
    """A cell whose steps can be followed by hand: s ← s/2 + x, with s + 1 as output."""

    state_size = output_size = 2

    def call(self, x: Any, states: Any) -> Any:
        new = states[0] * 0.5 + x
        return new + 1.0, [new]


def followed_by_hand(x: Any, state: Any, mask: Any, zeros: bool) -> list[np.ndarray]:
    """What most backends compute; JAX and NumPy take a state for the output before."""
    last, outputs = np.zeros_like(state), []
    repeats_state = keras.backend.backend() in ("jax", "numpy") and not zeros
    for step in range(x.shape[1]):
        keep = mask[:, step, None]
        new = state * np.float32(0.5) + x[:, step]
        before = state if repeats_state else last
        last = np.where(keep, new + 1, 0 if zeros else before)
        state = np.where(keep, new, state)
        outputs.append(last)
    return [np.stack(outputs, 1), state]


@pytest.mark.files_differ("JAX repeats the state at a masked step")
@pytest.mark.parametrize("zeros", [False, True])
def test_masked_steps_with_an_initial_state(zeros: bool) -> None:
    x, state = keras.Input((None, 2)), keras.Input((2,))
    mask = keras.Input((None,), dtype="bool")
    flags = {"return_sequences": True, "return_state": True}
    rnn = layers.RNN(Affine(), zero_output_for_mask=zeros, **flags)
    model = keras.Model([x, state, mask], rnn(x, initial_state=state, mask=mask))
    check_model(model, lambda *given: followed_by_hand(*given, zeros), draw=draw_masked)


@each(
    layer_case(layers.ConvLSTM1D, shape=(None, 6, 3), **IMAGES, return_sequences=True),
    layer_case(layers.ConvLSTM2D, shape=(None, 4, 5, 3), **IMAGES, padding="same"),
    layer_case(layers.ConvLSTM2D, shape=(None, 5, 4, 3), **IMAGES, strides=2),
    layer_case(
        layers.ConvLSTM2D,
        shape=(None, 5, 4, 3),
        **IMAGES,
        use_bias=False,
        dilation_rate=2,
        padding="same",
        go_backwards=True,
        return_state=True,
    ),
    layer_case(layers.ConvLSTM3D, shape=(None, 3, 4, 3, 2), **IMAGES),
)
def test_convolutions(case: LayerCase) -> None:
    check_layer(case)


@pytest.mark.skipif(
    keras.backend.backend() == "jax",
    reason="Keras's JAX backend masks the states of a convolution along the channels",
)
def test_convolutions_with_a_mask() -> None:
    x, mask = keras.Input((None, 5, 4, 3)), keras.Input((None,), dtype="bool")
    rnn = layers.ConvLSTM2D(**IMAGES, return_sequences=True, return_state=True)
    model = keras.Model([x, mask], rnn(x, mask=mask))
    randomize(model)
    check_model(model, draw=draw_masked)


def test_inside_other_layers() -> None:
    x = keras.Input((3, None, 2))
    inner = layers.Bidirectional(layers.RNN(minimal(), return_sequences=True))
    model = keras.Model(x, layers.TimeDistributed(inner)(x))
    randomize(model)
    check_model(model)


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
def test_a_layer_whose_operator_lacks_its_activation(layer: Any) -> None:
    check_layer(layer_case(layer, units=3, activation="gelu", **PLAIN))


def test_mixed_precision() -> None:
    x = keras.Input((None, 2))
    cell = layers.LSTMCell(3, dtype="mixed_float16", **PLAIN)
    model = keras.Model(x, layers.RNN(cell, dtype="mixed_float16")(x))
    randomize(model)
    check_model(model)


class CallsTheBackend(layers.Layer):
    """A layer of the user's own that calls the loop over time itself, time first."""

    def call(self, x: Any) -> Any:
        def step(now: Any, states: Any) -> Any:
            total, count = states
            new = total + now * ops.mean(x)
            return new * ops.cast(count, "float32"), [new, count + 1]

        states = [ops.zeros_like(x[0]), ops.zeros_like(x[0], dtype="int32")]
        last, outputs, states = keras.src.backend.rnn(
            step, x, states, time_major=True, go_backwards=True
        )
        return outputs + last * states[0]

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)


def backwards_by_hand(x: np.ndarray) -> np.ndarray:
    """TensorFlow and torch take the batch for the number of steps to make."""
    totals = np.cumsum(x[::-1] * x.mean(), axis=0)
    counts = np.arange(len(x), dtype="float32")[:, None, None]
    return totals * counts + totals[-1] * (len(x) - 1) * totals[-1]


def test_the_loop_over_time_itself() -> None:
    found = {"Add", "Concat", "Expand", "Gather", "Mul", "Scan"}
    check_layer(layer_case(CallsTheBackend, found), lambda _: backwards_by_hand)


@pytest.mark.parametrize("flags", [{}, {"return_sequences": True}])
def test_a_state_that_lives_on_is_refused(flags: Any) -> None:
    x = keras.Input((None, 2), batch_size=3)
    model = keras.Model(x, layers.SimpleRNN(3, stateful=True, **flags)(x))
    with pytest.raises(
        StatefulLayerError, match=r"stateful.*`return_state=True`.*Received: "
    ):
        to_onnx(model)  # nor by the second engine, which would forget the state


def test_states_that_change_are_refused() -> None:
    class Growing(Affine):
        def call(self, x: Any, states: Any) -> Any:
            return x, [ops.concatenate([states[0], x], axis=-1)]

    x = keras.Input((None, 2))
    model = keras.Model(x, layers.RNN(Growing())(x))
    with pytest.raises(UnsupportedOperationError, match=r"step .* Received: .*4"):
        to_onnx(model, engine="native")
