"""Keras's activations replaced by ours, and back, with the same answers."""

import keras
import numpy as np
import pytest
from keras import layers as hosts

from keras_acts import layers
from keras_acts._conversion import LAYERS, NAMES
from support import models

pytestmark = pytest.mark.in_turn("what this package does, whatever the backend")

RIGHT_IN_KERAS = sorted(set(NAMES) - {"sparsemax"})


def _answers(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False))


def _converted(model, x):
    model.set_weights([np.asarray(w) + 0.1 for w in model.get_weights()])
    want = _answers(model, x)
    ours = layers.from_keras(model)
    np.testing.assert_allclose(_answers(ours, x), want, 1e-5, 1e-5)
    back = layers.to_keras(ours)
    np.testing.assert_array_equal(_answers(back, x), want)
    for twin in (ours, back):
        assert [one.name for one in twin.layers] == [one.name for one in model.layers]
        assert [w.name for w in twin.weights] == [w.name for w in model.weights]
    assert _answers(model, x).tobytes() == want.tobytes()
    return ours, back


def _activations(model):
    """Return what each layer computes with, layers that are one included."""
    found = []
    for layer in model._flatten_layers(include_self=False):
        for name in ("activation", "recurrent_activation"):
            if hasattr(layer, name):
                found.append(getattr(layer, name))
    return found


@pytest.mark.parametrize("name", RIGHT_IN_KERAS)
def test_each_name_of_keras(name):
    model = keras.Sequential([keras.Input((6,)), hosts.Dense(4, activation=name)])
    ours, back = _converted(model, models.random(3, 6))
    layer, _ = NAMES[name]
    assert type(ours.layers[0].activation) is getattr(layers, layer)
    assert back.layers[0].activation is keras.activations.get(name)


def test_no_name_of_keras_is_missing():
    from keras.src.activations import ALL_OBJECTS_DICT

    known = {n for n in ALL_OBJECTS_DICT if "keras_acts>" not in n}
    assert known - {"linear", "threshold"} == set(NAMES)


MAKERS = {
    "ELU": lambda: hosts.ELU(0.5),
    "LeakyReLU": hosts.LeakyReLU,
    "PReLU": hosts.PReLU,
    "PReLU-shared": lambda: hosts.PReLU(shared_axes=[1]),
    "ReLU": lambda: hosts.ReLU(6.0, 0.1, 0.2),
    "Softmax": lambda: hosts.Softmax(axis=1),
}


@pytest.mark.parametrize("name", MAKERS)
def test_each_activation_layer_of_keras(name):
    model = keras.Sequential([keras.Input((3, 4)), MAKERS[name]()])
    ours, back = _converted(model, models.random(2, 3, 4))
    assert type(ours.layers[0]) is getattr(layers, name.split("-")[0])
    assert type(back.layers[0]) is type(model.layers[0])
    assert name.split("-")[0] in LAYERS


def test_wrappers_nested_models_and_branches():
    inputs = keras.Input((5, 4))
    inner = keras.Sequential(
        [keras.Input((5, 6)), hosts.Dense(6, "mish"), hosts.ReLU()]
    )
    x = hosts.Bidirectional(hosts.LSTM(3, return_sequences=True))(inputs)
    x = hosts.Add()([inner(x), x])
    outputs = hosts.TimeDistributed(hosts.Dense(2, activation="softplus"))(x)
    model = keras.Model(inputs, outputs)
    ours, _ = _converted(model, models.random(2, 5, 4))
    names = {type(one).__name__ for one in _activations(ours)}
    assert {"Tanh", "Sigmoid", "Mish", "Softplus"} <= names


def test_a_model_without_configuration_is_refused():
    class Opaque(keras.Model):
        def __init__(self, width):
            super().__init__()
            self.dense = hosts.Dense(int(width))

        def get_config(self):
            raise NotImplementedError

    with pytest.raises(ValueError, match="Received: model="):
        layers.from_keras(Opaque(3))
