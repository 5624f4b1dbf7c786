"""Sizes that are told at construction, NumPy's integers, and names for Keras."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_acts
from keras_acts import catalogue, functional, layers
from keras_acts.bases import LearnableActivationLayer
from support import models

pytestmark = pytest.mark.in_turn("what this package does, whatever the backend")

SHARED = [
    row.layer
    for row in catalogue.activations().values()
    if issubclass(row.layer, LearnableActivationLayer)
    and row.layer is not layers.Entmax  # whose channels share alpha along their axis
]
ON_REQUEST = {layers.Snake, layers.Swish}


def _make(layer, **kwargs):
    learnable = {"learnable": True} if layer in ON_REQUEST else {}
    return layer(**{"sharing": "channel", **learnable, **kwargs})


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("layer", SHARED, ids=lambda one: one.__name__)
def test_weights_exist_at_construction(layer, data_format):
    told = _make(layer, channels=3, data_format=data_format)
    assert told.weights
    assert {tuple(w.shape) for w in told.weights} == {(3,)}
    again = layer.from_config(told.get_config())
    assert again.channels == 3
    for shape in ((2, 3), (2, 3, 3), (2, 3, 5, 3)):
        x = models.random(*shape)
        found = _make(layer, data_format=data_format)
        found.build(shape)
        for i, (a, b) in enumerate(zip(told.weights, found.weights, strict=True)):
            values = 0.5 + np.abs(models.random(3, seed=i))
            a.assign(values)
            b.assign(np.reshape(values, b.shape))
        np.testing.assert_array_equal(
            ops.convert_to_numpy(told(x)), ops.convert_to_numpy(found(x))
        )


@pytest.mark.parametrize("layer", SHARED, ids=lambda one: one.__name__)
def test_another_size_is_refused(layer):
    with pytest.raises(ValueError, match="channels=3"):
        _make(layer, channels=3)(models.random(2, 4))


@pytest.mark.parametrize(
    "kwargs", [{"sharing": "all"}, {"shared_axes": [1]}, {"channels": 0}]
)
def test_a_size_that_says_nothing_is_refused(kwargs):
    with pytest.raises(ValueError, match="channels"):
        layers.PReLU(**{"channels": 3, **kwargs})


def test_a_size_without_weights_is_refused():
    with pytest.raises(ValueError, match="learnable=True"):
        layers.Swish(sharing="channel", channels=3)


AXES = [row for row in catalogue.activations().values() if "axis" in row.defaults]


@pytest.mark.parametrize("row", AXES, ids=lambda row: row.name)
def test_axes_may_be_integers_of_numpy(row):
    sizes = {"units": 2} if "units" in row.defaults else {}
    x = models.random(3, 4, 6)
    got = row.layer(axis=np.int64(1), **sizes)(x)
    want = row.layer(axis=1, **sizes)(x)
    np.testing.assert_array_equal(*map(ops.convert_to_numpy, (got, want)))
    by_function = row.function(x, axis=np.int64(1), **sizes)
    np.testing.assert_array_equal(*map(ops.convert_to_numpy, (by_function, want)))


def test_sizes_may_be_integers_of_numpy():
    layer = layers.PReLU(shared_axes=np.int64(1))
    assert layer.shared_axes == (1,)
    twin = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layers.Maxout(np.int64(3)))
    )
    assert twin.units == 3


@pytest.fixture
def names():
    """Let Keras forget what a test has made known."""
    from keras.src.activations import ALL_OBJECTS_DICT

    before = dict(ALL_OBJECTS_DICT)
    yield
    ALL_OBJECTS_DICT.clear()
    ALL_OBJECTS_DICT.update(before)


def _names_of_functions():
    return [n for n in functional.__all__ if hasattr(getattr(functional, n), "formula")]


@pytest.mark.parametrize("name", _names_of_functions())
def test_qualified_names_are_known(name):
    found = keras.activations.get(f"keras_acts>{name}")
    assert found is getattr(functional, name)


def test_a_host_takes_a_qualified_name():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="keras_acts>snake")]
    )
    twin = keras.models.model_from_json(model.to_json())
    assert twin.layers[0].activation is functional.snake


@pytest.mark.usefixtures("names")
def test_plain_names_are_known_once_asked_for():
    assert keras.activations.get("mish") is keras.activations.mish
    with pytest.raises(ValueError, match="snake"):
        keras.activations.get("snake")
    keras_acts.register_names("mish", "snake")
    assert keras.activations.get("mish") is functional.mish
    assert keras.activations.get("snake") is functional.snake
    assert keras.activations.get("relu") is keras.activations.relu
    keras_acts.register_names()
    assert keras.activations.get("relu") is functional.relu


@pytest.mark.usefixtures("names")
def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="Received: 'mihs'"):
        keras_acts.register_names("mihs")
