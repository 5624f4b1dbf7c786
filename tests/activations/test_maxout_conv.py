"""MaxoutConv2D is a convolution and a maximum over its pieces."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import layers
from support.export_check import check_model
from support.models import random

VARIANTS = (
    {},
    {"pieces": 3, "padding": "same", "use_bias": False},
    {"strides": 2, "kernel_initializer": "he_normal"},
    {"dilation_rate": 2, "pieces": 1},
)


def _convolved(layer, x):
    """Return the convolution in NumPy's order of Keras's own layer, by its weights."""
    config = keras.layers.Conv2D.get_config(layer)
    config.pop("pieces", None)
    own = keras.layers.Conv2D.from_config({**config, "name": "own"})
    own.build(x.shape)
    own.set_weights(layer.get_weights())
    return ops.convert_to_numpy(own(x))


@pytest.mark.parametrize("kwargs", VARIANTS)
def test_it_is_the_largest_piece(kwargs):
    x = random(2, 7, 8, 3)
    layer = layers.MaxoutConv2D(4, 3, **kwargs)
    y = ops.convert_to_numpy(layer(x))
    pieces = kwargs.get("pieces", 2)
    every = _convolved(layer, x)
    want = every.reshape(*every.shape[:-1], 4, pieces).max(axis=-1)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == y.shape


def test_it_is_saved_whole(tmp_path):
    x = random(2, 6, 6, 3)
    model = keras.Sequential([keras.Input((6, 6, 3)), layers.MaxoutConv2D(4, 3, 3)])
    model.save(tmp_path / "m.keras")
    twin = keras.models.load_model(tmp_path / "m.keras")
    assert twin.layers[0].get_config() == model.layers[0].get_config()
    np.testing.assert_array_equal(*map(ops.convert_to_numpy, (twin(x), model(x))))


def test_it_is_exported():
    inputs = keras.Input((None, None, 3))
    check_model(keras.Model(inputs, layers.MaxoutConv2D(4, 3)(inputs)))


@pytest.mark.parametrize(
    "kwargs", [{"activation": "relu"}, {"pieces": 0}, {"filters": 1.5}]
)
def test_wrong_arguments_are_refused(kwargs):
    with pytest.raises(ValueError, match="Received: "):
        layers.MaxoutConv2D(**{"filters": 2, "kernel_size": 3, **kwargs})
