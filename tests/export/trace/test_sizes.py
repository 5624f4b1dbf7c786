"""Sizes taken by `ops.shape` stay symbolic, and so does all that is made of them."""

from __future__ import annotations

import keras
import pytest
from keras import ops

from support.export_check import check_model, randomize


def fold_time(x):
    batch, time, channels = ops.shape(x)
    folded = ops.reshape(x, (batch * time, channels))
    return ops.reshape(folded * 2.0, (batch, time, channels))


def positions(x):
    return x + ops.cast(ops.arange(ops.shape(x)[1]), "float32")[None, :, None]


def positions_from_two(x):
    time = ops.shape(x)[1]
    return x * ops.cast(ops.arange(2, 2 * time + 2, 2), "float32")[:, None]


def causal_sums(x):
    places = ops.arange(ops.shape(x)[1])
    return ops.matmul(ops.cast(places[:, None] >= places[None, :], "float32"), x)


def mean_by_hand(x):
    return ops.sum(x, axis=1) / ops.cast(ops.shape(x)[1], "float32")


def broadcast_a_row(x):
    batch, time, channels = ops.shape(x)
    row = ops.reshape(ops.arange(channels, dtype="float32"), (1, 1, channels))
    return x + ops.broadcast_to(row, (batch, time, channels))


def concatenate_zeros_and_ones(x):
    batch, time, _ = ops.shape(x)
    return ops.concatenate(
        [x, ops.zeros((batch, time, 1)), ops.ones((batch, time, 2))], axis=-1
    )


def full_of_a_number(x):
    return x + ops.full(ops.shape(x), 0.25)


def identity_matrix(x):
    return ops.matmul(ops.eye(ops.shape(x)[1]), x)


def tile_the_first(x):
    return x + ops.tile(x[:, :1], (1, ops.shape(x)[1], 1))


def repeat_the_mean(x):
    return x * ops.repeat(ops.mean(x, 1, keepdims=True), ops.shape(x)[1], axis=1)


def second_half(x):
    time = ops.shape(x)[1]
    return ops.sum(x[:, time // 2 :], axis=1)


def middle_one(x):
    return x[:, ops.shape(x)[1] // 2]


def all_but_the_last(x):
    return ops.sum(x[:, : ops.shape(x)[1] - 1], axis=1)


def matrices_of_a_size(x):
    time = ops.shape(x)[1]
    return ops.matmul(ops.tri(time) + 2.0 * ops.identity(time), x)


def places_told_by_equality(x):
    time = ops.shape(x)[1]
    places = ops.arange(time)
    even, last = places % 2 == 0, places != time - 1
    return ops.where(even[:, None], x, ops.cast(last, "float32")[:, None] * -x)


def numbers_at_even_distances(x):
    return x * ops.linspace(-1.0, 1.0, ops.shape(x)[1])[:, None]


def one_hot_of_a_size(x):
    time = ops.shape(x)[1]
    return ops.matmul(ops.one_hot(time - 1 - ops.arange(time), time), x)


def padded_to_a_multiple(x):
    batch, time, channels = ops.shape(x)
    y = ops.pad(x, ((0, 0), (0, (5 - time % 5) % 5), (0, 0)))
    return ops.sum(ops.reshape(y, (batch, -1, 5, channels)), axis=2)


FUNCTIONS = [
    matrices_of_a_size,
    places_told_by_equality,
    numbers_at_even_distances,
    one_hot_of_a_size,
    padded_to_a_multiple,
    fold_time,
    positions,
    positions_from_two,
    causal_sums,
    mean_by_hand,
    broadcast_a_row,
    concatenate_zeros_and_ones,
    full_of_a_number,
    identity_matrix,
    tile_the_first,
    repeat_the_mean,
    second_half,
    middle_one,
    all_but_the_last,
]


class CallsWithShape(keras.layers.Layer):
    """A layer that calls a function which needs the sizes of its input."""

    def __init__(self, function, output_shape, **kwargs):
        super().__init__(**kwargs)
        self.function = function
        self.shape_of = output_shape

    def call(self, x):
        return self.function(x)

    def compute_output_shape(self, input_shape):
        return self.shape_of(input_shape)


class Weighted(keras.layers.Layer):
    """A layer whose weights meet tensors and sizes in operators of Python."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(4,), name="scale")
        self.matrix = self.add_weight(shape=(4, 4), name="matrix")
        self.table = self.add_weight(shape=(16, 4), name="table")

    def call(self, x):
        _, time, width = ops.shape(x)
        y = self.scale * x - self.scale / (ops.abs(x) + 1.0)
        y = ops.where(self.scale > x, self.scale + y, self.scale - y)
        table = ops.convert_to_tensor(self.table)
        y = y + self.table[:time] + ops.slice(table, (1, 0), (time, width))
        return ops.swapaxes(self.matrix @ ops.swapaxes(y, 1, 2), 1, 2)

    def compute_output_shape(self, input_shape):
        return input_shape


def test_weights_beside_tensors_and_sizes():
    x = keras.Input((None, 4))
    model = keras.Model(x, Weighted()(x))
    randomize(model)
    check_model(model, batch_named=False)


def _model(function):
    channels = {concatenate_zeros_and_ones: 7}.get(function, 4)
    flat = function in (mean_by_hand, second_half, middle_one, all_but_the_last)
    x = keras.Input((None, 4))
    shape = lambda s: (s[0], channels) if flat else (*s[:2], channels)  # noqa: E731
    return keras.Model(x, CallsWithShape(function, shape)(x))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_unknown_batch_and_time(function):
    check_model(_model(function), batch_named=False)


@pytest.mark.parametrize("opset", [17, 26])
def test_other_opsets(opset):
    check_model(_model(causal_sums), opset=opset, batch_named=False)
