"""Sizes in Python code: numbers, list elements, parts of arrays, shapes of tensors."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, run
from support.python_code import WIDTH, Calls, check_sizes, model_of

# Torch's tensors and NumPy's arrays have no other way to be added.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array_wrap__:DeprecationWarning")

# Each function is given the layer, its input, and a size n of its second axis.

PRODUCERS = {
    "ops.shape": lambda x: ops.shape(x)[1],
    "x.shape": lambda x: x.shape[1],
    "of what is computed": lambda x: ops.shape(ops.concatenate([x, x], 1))[1] // 2,
}
"""Where code has a size from."""

NUMBERS = {
    "n + 1": lambda n: n + 1,
    "9 - n": lambda n: 9 - n,
    "n * n": lambda n: n * n,
    "n / 3": lambda n: n / 3,
    "2 / n": lambda n: 2 / n,
    "n // 2": lambda n: n // 2,
    "-n % 4": lambda n: -n % 4,
    "13 % n": lambda n: 13 % n,
    "n ** 2": lambda n: n**2,
    "n ** -0.5": lambda n: n**-0.5,
    "2 ** n": lambda n: 2**n,
    "abs(3 - n)": lambda n: abs(3 - n),
    "divmod(n, 3)": lambda n: sum(divmod(n, 3)),
    "bits": lambda n: (n & 3) | (n << 1) ^ (n >> 1) + ~n,
    "round(n / 2)": lambda n: round(n / 2),
    "math.ceil(n / 3)": lambda n: math.ceil(n / 3),
    "math.floor(n * 0.7)": lambda n: math.floor(n * 0.7),
    "math.trunc(1.5 - n)": lambda n: math.trunc(1.5 - n),
    "int(n * 0.7)": lambda n: int(n * 0.7),
    "float(n)": lambda n: float(n),
    "math.sqrt(n)": lambda n: math.sqrt(n),
    "math.log(n + 1)": lambda n: math.log(n + 1),
    "np.sqrt(n)": lambda n: np.sqrt(n),
    "np.ceil(n / 2)": lambda n: np.ceil(n / 2),
    "np.minimum(n, 3)": lambda n: np.minimum(n, 3),
    "np.int64(3) * n": lambda n: np.int64(3) * n,
    "(n > 3) + 1": lambda n: (n > 3) + 1,
    "max(n, 3) + min(5, n)": lambda n: max(n, 3) + min(5, n),
    "sum of a list": lambda n: sum([n, 2, n / 4]),
    "math.prod": lambda n: math.prod([n, 3, n]),
}
"""What Python makes of a size."""


def _over_producers(function, **options):
    """Return a model of a layer for each producer of a size."""

    def calling(producer):
        return lambda layer, x: function(layer, x, producer(x))

    return model_of(*map(calling, PRODUCERS.values()), **options)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_made_of_a_size(name):
    compute = NUMBERS[name]
    check_sizes(_over_producers(lambda layer, x, n: x * compute(n)))


def part_of_an_array(layer, x, n):
    return x + layer.array[:n]


def part_of_an_array_from_the_end(layer, x, n):
    return x + layer.array[-n:] * layer.array[2 : n + 2 : 1]


def row_of_an_array(layer, x, n):
    return x + layer.array[n] * layer.array[n // 2, 1]


def part_of_an_array_in_a_dictionary(layer, x, n):
    return x + layer.arrays["positions"][:, :n]


def part_of_what_is_made_of_an_array(layer, x, n):
    return x + (layer.array * 2.0 + 1.0)[None, :n]


def part_of_a_tensor(layer, x, n):
    return x + layer.tensor[:n, None]


def part_of_a_weight(layer, x, n):
    return x + layer.table[:n] - layer.table[n // 2]


def number_of_a_list(layer, x, n):
    return x * layer.integers[n - 1]


def padded_by_a_number_of_a_list(layer, x, n):
    return ops.pad(x, ((0, 0), (0, layer.integers[n]), (0, 0)))


def number_of_a_tuple(layer, x, n):
    return x * layer.fractions[n // 4]


CONSTANTS = np.linspace(0.0, 1.0, 16, dtype="float32")


def part_of_a_global_array(layer, x, n):
    return x * CONSTANTS[:n, None]


def array_times_a_size(layer, x, n):
    return x * (layer.array[0] * n) + layer.array[1] / n - n / (layer.array[2] + 2.0)


def tensor_times_a_size(layer, x, n):
    return x * (layer.tensor[:4] * n) + n / (layer.tensor[:4] + 1.0)


def array_of_sizes(layer, x, n):
    return x / ops.cast(ops.array([n * ops.shape(x)[2]]), "float32")


def tensor_of_sizes(layer, x, n):
    return x * ops.cast(ops.prod(ops.convert_to_tensor([n, 4])), "float32")


def tensor_of_fractions(layer, x, n):
    return x * ops.array([[n / 2, 1.0, 2, 3.5], [n, n, n, n]])[:1]


def stacked_sizes(layer, x, n):
    return x * ops.cast(ops.max(ops.stack([n, 3, n + 1])), "float32")


def sizes_for_tensors(layer, x, n):
    return x * ops.cast(ops.sum(ops.maximum([n, 2], 3)), "float32")


def created(layer, x, n):
    y = x * ops.full((n, 1), n / 2) + ops.linspace(0.0, n - 1, n)[:, None]
    return y + ops.eye(n, 4) + ops.tri(n, 4) + ops.ones((n, 4)) * ops.sqrt(n)


def reshaped(layer, x, n):
    batch = x.shape[0]
    return ops.reshape(x, (batch, -1, n * 2)) * 2.0


def whole_shapes(layer, x, n):
    zeros = ops.zeros((*x.shape[:-1], 1)) + ops.ones(ops.shape(x)[1:])
    return x + zeros + ops.broadcast_to(layer.scale, x.shape)


def counted_down(layer, x, n):
    return ops.take(x, ops.arange(n - 1, -1, -1), axis=1)


def counted_down_by_two(layer, x, n):
    return ops.take(x, ops.arange(n - 1, -1, -2), axis=1)


def counted_from_the_end(layer, x, n):
    return ops.take(x, ops.arange(-n, 0), axis=1)


def sliced_and_updated(layer, x, n):
    part = ops.slice(x, (0, n // 2, 0), (ops.shape(x)[0], n - n // 2, 4))
    return ops.slice_update(x, (0, n // 2, 0), part * 2.0)


def counter_of_a_loop(layer, x, n):
    def body(t, y):
        return y + x[:, t : t + 1] * ops.cast(t, "float32") - x[:, t][:, None]

    return ops.fori_loop(0, n, body, ops.zeros_like(x[:, :1]))


def counter_of_an_update(layer, x, n):
    def body(t, y):
        return ops.slice_update(y, (0, t, 0), y[:, t : t + 1] * 2.0)

    return ops.fori_loop(0, n, body, x)


def rows_of_known_number(layer, x, n):
    return sum(row for row in ops.transpose(x, (2, 0, 1)))[..., None] / n


USES = (
    *(part_of_an_array, part_of_an_array_from_the_end, row_of_an_array),
    *(part_of_an_array_in_a_dictionary, part_of_what_is_made_of_an_array),
    *(part_of_a_tensor, part_of_a_weight, number_of_a_list),
    *(padded_by_a_number_of_a_list, number_of_a_tuple, part_of_a_global_array),
    *(array_times_a_size, tensor_times_a_size, array_of_sizes, tensor_of_sizes),
    *(tensor_of_fractions, stacked_sizes, sizes_for_tensors, created, reshaped),
    *(whole_shapes, counted_down, counted_down_by_two, counted_from_the_end),
    *(sliced_and_updated, counter_of_a_loop, counter_of_an_update),
    rows_of_known_number,
)


@pytest.mark.parametrize("function", USES, ids=lambda f: f.__name__)
def test_a_size_in_use(function):
    # JAX compiles bodies of loops, where a counter can't be the end of a slice.
    counters = (counter_of_a_loop, counter_of_an_update)
    refused_by = ("jax",) if function in counters else ()
    check_sizes(_over_producers(function), refused_by=refused_by)


RESIZES = [
    {"interpolation": "nearest"},
    {"interpolation": "bilinear"},
    {"interpolation": "bilinear", "antialias": True},
    {"interpolation": "bilinear", "crop_to_aspect_ratio": True},
    {"interpolation": "nearest", "pad_to_aspect_ratio": True},
]


def _resized(options):
    def resize(layer, x):
        rows = x.shape[1]
        images = ops.reshape(x, (-1, rows, 2, 2))
        return ops.image.resize(images, (rows + 1, math.ceil(rows / 2)), **options)

    return model_of(resize, rank=4)


@pytest.mark.filterwarnings("ignore:The model's code raises")
@pytest.mark.parametrize("options", RESIZES, ids=str)
def test_an_image_of_unknown_size(options):
    check_sizes(_resized(options), sizes=(2, 3, 4, 9))


@pytest.mark.filterwarnings("ignore:The model's code raises")
@pytest.mark.parametrize("method", ["bicubic", "lanczos3"])
def test_an_image_of_unknown_size_where_backends_differ(method):
    """It is resized as one of a known size, which other tests compare."""
    model = _resized({"interpolation": method})
    unknown = open_session(to_onnx(model, engine="native"))
    fixed = to_onnx(model, engine="native", input_signature=(2, 5, WIDTH))
    x = np.random.default_rng(1).normal(size=(2, 5, WIDTH)).astype("float32")
    assert_alike(run(unknown, [x])[0], run(open_session(fixed), [x])[0])


def test_a_number_beside_half_precision_keeps_it():
    def half(layer, x):
        return x * (ops.shape(x)[1] / 4) + x.shape[1] ** 0.5

    check_sizes(model_of(half, dtype="mixed_float16"))


def test_a_number_beside_small_integers_keeps_them():
    class Whole(keras.layers.Layer):
        def call(self, x):
            return x // ops.shape(x)[1] + x.shape[1] * 2

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    x = keras.Input((None, WIDTH), dtype="uint8", name="x")
    check_sizes(keras.Model(x, Whole(dtype="uint8")(x)))


def test_the_arithmetic_of_sizes_is_exact_in_half_precision():
    def tail(layer, x):
        return x[:, math.ceil(ops.shape(x)[1] * 0.9997) - 1 :]

    model = model_of(tail)
    session = open_session(to_onnx(model, engine="native", dtype="float16"))
    x = np.ones((1, 3001, WIDTH), "float16")
    assert run(session, [x])[0].shape == (1, 1, WIDTH)


def test_the_layer_keeps_its_arrays():
    model = model_of(lambda layer, x: x + layer.array[: x.shape[1]])
    layer = model.layers[-1]
    before = dict(vars(layer))
    check_sizes(model, sizes=(3,))
    assert isinstance(layer, Calls)
    assert type(layer.array) is np.ndarray
    assert all(vars(layer)[name] is value for name, value in before.items())


def test_code_that_knows_unknown_sizes_by_none():
    """Code for symbolic shapes of Keras is traced with the numbers, too."""

    def flat(layer, x):
        batch, rows, width = x.shape
        rows = ops.shape(x)[1] if rows is None else rows
        batch = -1 if batch is None else batch
        return ops.reshape(x, (batch, rows * width))

    check_sizes(model_of(flat, rank=2))


def test_code_that_needs_none_gets_it():
    """Where numbers don't do, sizes are None, as Keras shows them."""

    def typed(layer, x):
        if not (x.shape[1] is None or isinstance(x.shape[1], int)):
            raise TypeError(f"Received: {x.shape[1]}")
        return ops.reshape(x, (-1, x.shape[2]))

    check_sizes(model_of(typed, rank=2), sizes=(4,))


def test_a_layer_of_keras_sees_none():
    x = keras.Input((None, 4))
    y = keras.layers.Conv1D(4, 3, padding="same")(x)
    check_sizes(keras.Model(x, keras.layers.LayerNormalization()(y)), sizes=(3, 8))
