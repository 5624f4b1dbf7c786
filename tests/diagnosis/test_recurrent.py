"""What is said of recurrent cells and of padded sequences, beside NumPy's steps."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as keras_layers
from keras import ops

from keras_acts import diagnose, layers

if keras.backend.backend() == "openvino":
    pytest.skip("its loops take no state beside Keras's", allow_module_level=True)

pytestmark = pytest.mark.in_turn("the state that loops carry is made of keras.ops")

TRAINS = keras.backend.backend() in ("torch", "jax", "tensorflow")
UNITS, STEPS = 4, 5
LENGTHS = np.array([5, 2, 3, 1, 4, 5, 2, 3])
X = np.random.default_rng(5).normal(0, 2, (8, STEPS, 6)).astype("float32")
PADDED = np.where(np.arange(STEPS)[None, :, None] < LENGTHS[:, None, None], X, 0.0)
PADDED = PADDED.astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def simple_rnn(weights, x, state):
    kernel, recurrent, bias = weights
    y = np.tanh(x @ kernel + bias + state[0] @ recurrent)
    return {"activation": y}, [y]


def lstm(weights, x, state):
    kernel, recurrent, bias = weights
    h, c = state
    i, f, z, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    i, f, o, z = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(z)
    c = f * c + i * z
    given = {
        "recurrent_activation (call 1)": i,
        "recurrent_activation (call 2)": f,
        "recurrent_activation (call 3)": o,
        "activation (call 1)": z,
        "activation (call 2)": np.tanh(c),
    }
    return given, [o * np.tanh(c), c]


def gru(weights, x, state):
    kernel, recurrent, (bias, recurrent_bias) = weights
    (h,) = state
    parts = np.split(x @ kernel + bias, 3, axis=-1)
    inner = np.split(h @ recurrent + recurrent_bias, 3, axis=-1)
    z, r = sigmoid(parts[0] + inner[0]), sigmoid(parts[1] + inner[1])
    new = np.tanh(parts[2] + r * inner[2])
    given = {
        "recurrent_activation (call 1)": z,
        "recurrent_activation (call 2)": r,
        "activation": new,
    }
    return given, [z * h + (1 - z) * new]


CELLS = {"SimpleRNN": (simple_rnn, 1), "LSTM": (lstm, 2), "GRU": (gru, 1)}


def steps_of(kind, weights, x, lengths):
    """Return what each activation gave, in the steps that count."""
    step, states = CELLS[kind]
    found: dict[str, list] = {}
    for sample, length in zip(x, lengths, strict=True):
        state = [np.zeros((1, UNITS))] * states
        for one in sample[:length]:
            given, state = step(weights, one[None], state)
            for name, y in given.items():
                found.setdefault(name, []).append(y[0])
    return {name: np.array(y) for name, y in found.items()}


def sequence_model(layer, *, masked):
    inputs = keras.Input((STEPS, 6))
    x = keras_layers.Masking()(inputs) if masked else inputs
    return keras.Model(inputs, layer(x))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_beside_numpy(kind, masked):
    layer = getattr(keras_layers, kind)(UNITS, name="r")
    model = sequence_model(layer, masked=masked)
    weights = [10 * w if i == 0 else w for i, w in enumerate(layer.get_weights())]
    layer.set_weights(weights)
    x, lengths = (PADDED, LENGTHS) if masked else (X, [STEPS] * len(X))
    found = diagnose(model, x, batch_size=3)
    assert found.uncovered == {}
    want = steps_of(kind, [w.astype("float64") for w in weights], x, lengths)
    for name, y in want.items():
        (got,) = [one for one in found.activations if one.name.endswith(f".{name}")]
        np.testing.assert_allclose(got.by_unit.mean, y.mean(0), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(got.by_unit.deviation, y.std(0), rtol=2e-3)
        edge = {"sigmoid": sigmoid(2 * np.arccosh(10.0)), "tanh": np.sqrt(0.99)}
        flat = (y > edge[got.kind]).mean(0)
        np.testing.assert_allclose(got.by_unit.saturated_high, flat, atol=0.06)
    assert {one.units for one in found.activations} == {UNITS}


HOSTS = {
    "both directions": lambda: keras_layers.Bidirectional(
        keras_layers.GRU(UNITS, return_sequences=True)
    ),
    "stacked cells": lambda: keras_layers.RNN(
        [keras_layers.LSTMCell(UNITS), keras_layers.LSTMCell(3)], return_sequences=True
    ),
    "cells of several kinds": lambda: keras_layers.RNN(
        [keras_layers.GRUCell(UNITS), keras_layers.GRUCell(3)]
    ),
    "a cell": lambda: keras_layers.RNN(keras_layers.LSTMCell(UNITS)),
    "backwards": lambda: keras_layers.LSTM(UNITS, go_backwards=True),
    "unrolled": lambda: keras_layers.LSTM(UNITS, unroll=True),
    "with dropout": lambda: keras_layers.GRU(UNITS, dropout=0.2, recurrent_dropout=0.1),
    "half precision": lambda: keras_layers.LSTM(UNITS, dtype="mixed_bfloat16"),
    "its states": lambda: keras_layers.LSTM(UNITS, return_state=True),
    "a layer in a cell": lambda: keras_layers.RNN(OwnCell()),
    "our activations": lambda: keras_layers.GRU(
        UNITS, activation=layers.PReLU(), recurrent_activation="hard_sigmoid"
    ),
}
"""Recurrent layers of all kinds."""


class OwnCell(keras.layers.Layer):
    """A cell without a gate, whose state is not its output."""

    def __init__(self):
        super().__init__(name="own")
        self.state_size = [UNITS]
        self.output_size = UNITS
        self.dense = keras_layers.Dense(UNITS, activation="relu", name="dense")

    def build(self, input_shape):
        self.dense.build((*input_shape[:-1], input_shape[-1] + UNITS))

    def call(self, x, states):
        y = self.dense(ops.concatenate([x, states[0]], axis=-1))
        return -y, [y]


@pytest.mark.parametrize(
    "masked", [True, pytest.param(False, marks=pytest.mark.slow)], ids=str
)
@pytest.mark.parametrize("name", HOSTS)
def test_the_answers_of_recurrent_layers_stay(name, masked):
    if keras.backend.backend() == "numpy" and name == "half precision":
        pytest.skip("NumPy's backend has no bfloat16")
    model = sequence_model(HOSTS[name](), masked=masked)
    before = [np.array(ops.convert_to_numpy(y)) for y in keras.tree.flatten(model(X))]
    found = diagnose(model, PADDED if masked else X, batch_size=8)
    after = [np.array(ops.convert_to_numpy(y)) for y in keras.tree.flatten(model(X))]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.uncovered == {}
    inner = [one for one in found.activations if "output" not in one.kind]
    assert inner
    assert all(np.isfinite(one.scale) for one in inner)


@pytest.mark.skipif(not TRAINS, reason="this backend has no gradients")
@pytest.mark.parametrize("name", ["both directions", "stacked cells", "with dropout"])
def test_gradients_beside_the_statistics_of_cells(name):
    model = sequence_model(HOSTS[name](), masked=True)
    model.compile("sgd", "mse")
    y = np.zeros(model.compute_output_shape((8, STEPS, 6)), "float32")
    found = diagnose(model, PADDED, y, batch_size=8)
    assert found.uncovered == {}
    assert all(one.gradient > 0 for one in found.layers)


def test_a_shared_recurrent_layer_has_the_steps_of_each_call():
    inputs = keras.Input((STEPS, 6))
    layer = keras_layers.SimpleRNN(UNITS, activation="relu", name="r")
    found = diagnose(keras.Model(inputs, [layer(inputs), layer(0 * inputs)]), X)
    one, other = (x for x in found.activations if "activation" in x.name)
    assert one.name == "r/simple_rnn_cell.activation (call 1)"
    assert sorted((one.dead, other.dead)) == [0.0, 1.0]
    assert sorted((one.sparsity, other.sparsity))[1] == 1.0


def test_a_deep_stack_of_recurrent_layers_is_in_order_and_healthy():
    inputs = x = keras.Input((STEPS, 6))
    for i in range(4):
        x = keras_layers.LSTM(UNITS, return_sequences=True, name=f"r{i}")(x)
    x = keras_layers.Dense(2, activation="tanh", name="last")(x)
    found = diagnose(keras.Model(inputs, x), 0.05 * X)
    assert found.healthy
    firsts = dict.fromkeys(one.name.partition("/")[0] for one in found.activations)
    assert list(firsts) == ["r0", "r1", "r2", "r3", "last"]


class Block(keras.layers.Layer):
    """Loses the mask by an operation, and holds an activation."""

    def __init__(self):
        super().__init__(name="block")
        self.supports_masking = True
        self.inner = keras_layers.Dense(3, activation="relu", name="inner")

    def call(self, x):
        return self.inner(x + 0.0)


PADDABLE = {
    "a layer": lambda: keras_layers.ReLU(),
    "a function in a layer": lambda: keras_layers.Dense(3, activation="relu"),
    "our layer": lambda: layers.Mish(),
    "a layer that loses the mask": lambda: Block(),
    "a nested model": lambda: keras.Sequential(
        [keras.Input((STEPS, 6)), keras_layers.Dense(3, activation="relu")]
    ),
}


@pytest.mark.filterwarnings("ignore:Layer 'sequential.*does not support masking")
@pytest.mark.parametrize("name", PADDABLE)
def test_padded_steps_do_not_count(name):
    model = sequence_model(PADDABLE[name](), masked=True)
    (found,) = diagnose(model, PADDED, batch_size=3).activations
    y = np.array(ops.convert_to_numpy(model(PADDED)))
    real = y[np.arange(STEPS)[None] < LENGTHS[:, None]]
    np.testing.assert_allclose(found.by_unit.mean, real.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.by_unit.deviation, real.std(0), rtol=1e-3)
    np.testing.assert_allclose(found.by_unit.sparsity, (real == 0).mean(0), atol=1e-6)


def test_a_batch_of_padding_alone_counts_for_nothing():
    model = sequence_model(keras_layers.Dense(3, activation="relu"), masked=True)
    for x in (np.concatenate([0 * X, PADDED]), np.concatenate([PADDED, 0 * X])):
        found = diagnose(model, x, batch_size=8).activations
        assert found == diagnose(model, PADDED, batch_size=8).activations
    nothing = diagnose(model, 0 * X)
    assert nothing.activations == ()
    assert list(nothing.uncovered.values()) == ["a mask leaves none of its outputs"]
