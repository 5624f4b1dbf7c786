"""Masks where a layer resizes an axis, axes of no element, and arrays as arguments."""

import json

import keras
import numpy as np
import pytest

from keras_acts import functional, layers
from support import models
from support.rows import CASES, each_row

pytestmark = pytest.mark.in_turn("what this package does, whatever the backend")

RESIZING = [case for case in CASES if case.row.layer.resizes is not None]
STEPS, FEATURES = 6, 4


def _along(case, axis):
    return case.row.layer(**{**case.kwargs, "axis": axis})


def _masked(shape):
    x = keras.Input(shape[1:])
    return x, keras.layers.Masking()(x)


def test_some_layers_resize_an_axis():
    assert {case.layer for case in RESIZING} >= {"CReLU", "GLU", "ChannelMaxout"}


@each_row(RESIZING)
def test_a_mask_of_other_axes_passes_through(case):
    _, masked = _masked((None, STEPS, 12))
    y = _along(case, -1)(masked)
    assert y._keras_mask.shape == (None, STEPS)


@pytest.mark.parametrize("axis", [1, -2])
@each_row(RESIZING)
def test_a_mask_of_the_resized_axis_is_refused(case, axis):
    _, masked = _masked((None, 12, FEATURES))
    with pytest.raises(ValueError, match=rf"{case.layer} .*mask.*Received: mask"):
        _along(case, axis)(masked)


ON_AN_AXIS = [
    functional.softmax,
    functional.log_softmax,
    functional.softmin,
    functional.sparsemax,
    functional.entmax15,
    functional.entmax,
    lambda x: functional.entmax(x, alpha=1.25),
]


@pytest.mark.parametrize("function", ON_AN_AXIS, ids=lambda f: f.__name__)
def test_an_axis_of_no_element_gives_none(function):
    y = keras.ops.convert_to_numpy(function(np.zeros((2, 0), "float32")))
    assert y.shape == (2, 0)
    assert y.dtype == "float32"


def assert_none(case, shape):
    layer = case.make_built()
    y = keras.ops.convert_to_numpy(layer(np.zeros(shape, "float32")))
    assert y.shape == layer.compute_output_shape(shape)


@each_row(CASES)
def test_a_batch_of_none_gives_none(case):
    assert_none(case, (0, *case.shape[1:]))


OF_ANY_LENGTH = [
    case
    for case in CASES
    if not case.make().has_weights and case.kwargs.get("axis") != 1
]
"""What takes any size of the second axis."""


@each_row(OF_ANY_LENGTH)
def test_a_sequence_of_none_gives_none(case):
    batch, _, *others = case.shape
    assert_none(case, (batch, 0, *others))


STARTS = {
    "array": np.array([1.0, 2.0, 3.0, 4.0]),
    "float32 array": np.array([1.0, 2.0, 3.0, 4.0], "float32"),
    "list": [1.0, 2.0, 3.0, 4.0],
    "tuple": (1.0, 2.0, 3.0, 4.0),
    "number of NumPy": np.float32(1.5),
    "number": 1.5,
}
TUNABLE = {"beta": layers.Swish, "frequency": layers.Snake}


@pytest.mark.parametrize("learnable", [False, True])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", TUNABLE)
def test_arrays_and_numbers_are_kept_in_the_configuration(
    name, start, learnable, tmp_path
):
    given = STARTS[start]
    layer = TUNABLE[name](given, learnable=learnable, sharing="channel")
    model = keras.Sequential([keras.Input((FEATURES,)), layer])
    json.dumps(layer.get_config())
    model.save(tmp_path / "m.keras")
    twin = keras.models.load_model(tmp_path / "m.keras")
    x = models.random(3, FEATURES)
    want = getattr(functional, type(layer).function.__name__)(x, np.asarray(given))
    for one in (model, twin):
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(one(x)),
            keras.ops.convert_to_numpy(want),
            rtol=1e-6,
            atol=1e-6,
        )


@pytest.mark.parametrize("name", TUNABLE)
def test_each_element_of_an_array_is_validated(name):
    with pytest.raises(ValueError, match=rf"`{name}` must be .*Received: {name}=nan"):
        TUNABLE[name](np.array([1.0, np.nan]))


@pytest.mark.parametrize("name", TUNABLE)
def test_an_initializer_takes_the_place_of_the_number(name):
    settings = {f"{name}_initializer": keras.initializers.Constant(0.75)}
    layer = TUNABLE[name](learnable=True, sharing="channel", **settings)
    twin = type(layer).from_config(layer.get_config())
    for one in (layer, twin):
        one.build((None, FEATURES))
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(getattr(one, name)), [0.75] * FEATURES
        )
    with pytest.raises(ValueError, match=f"`{name}_initializer` needs"):
        TUNABLE[name](learnable=False, **settings)


@pytest.mark.parametrize("axis", [np.int64(-1), np.int32(1)])
def test_integers_of_numpy_name_axes(axis):
    layer = layers.Sparsemax(axis=axis)
    assert type(layer.get_config()["axis"]) is int
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(layer(models.random(2, 4))),
        keras.ops.convert_to_numpy(layers.Sparsemax(axis=1)(models.random(2, 4))),
    )
