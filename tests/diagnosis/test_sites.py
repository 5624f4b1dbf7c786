"""Where activations are found, and what is said of those that aren't watched."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as keras_layers
from keras import ops

import keras_acts
from keras_acts import diagnose, functional, layers

pytestmark = pytest.mark.in_turn(
    "sites are found by reading the model, and tapped alike"
)

X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")


def names(model, x=X, **settings):
    found = diagnose(model, x, **settings)
    return {one.name: one.kind for one in found.activations}


class Block(keras.layers.Layer):
    """A layer of a user's: activations as layers, and as functions it holds."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = [keras_layers.Dense(4, activation="tanh", name="first")]
        self.by_name = {"last": layers.Mish(name="mish")}
        self.act = ops.silu
        self.gate_activation = lambda x: ops.sigmoid(2 * x)

    def call(self, x):
        y = self.by_name["last"](self.inner[0](x))
        return self.act(y) * self.gate_activation(y)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="whole")
        self.block = Block(name="block")
        self.head = keras_layers.Dense(3, activation="softmax", name="head")

    def call(self, x):
        return self.head(self.block(x))


def test_a_subclassed_model_that_is_not_built_yet():
    assert names(Subclassed()) == {
        "block/first": "tanh",
        "block/mish": "Mish",
        "block.act": "silu",
        "block.gate_activation": "<lambda>",
        "head": "softmax",
    }


def test_activations_of_keras_and_ours_in_a_sequential_model():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras_layers.Dense(4, activation="relu", name="a"),
            keras_layers.Dense(4, name="linear"),
            keras_layers.Dense(4, activation=layers.PReLU(name="own"), name="b"),
            keras_layers.Dense(4, activation=functional.mish, name="c"),
            keras_layers.Activation("elu", name="d"),
            keras_layers.LeakyReLU(name="e"),
            layers.GELU(name="f"),
            layers.SwiGLU(name="g"),
            layers.Maxout(3, name="h"),
        ]
    )
    assert names(model) == {
        "a": "relu",
        "b/own": "PReLU",
        "c": "mish",
        "d": "elu",
        "e": "LeakyReLU",
        "f": "GELU",
        "g": "SwiGLU",
        "h": "Maxout",
    }


def test_operations_of_a_functional_model():
    inputs = keras.Input((6,))
    x = ops.relu(keras_layers.Dense(4)(inputs))
    x = keras.activations.gelu(keras_layers.Dense(4)(x))
    x = functional.mish(keras_layers.Dense(4)(x))
    x = ops.exp(x)  # is no activation
    found = names(keras.Model(inputs, x))
    assert sorted(found.values()) == ["Gelu", "Relu", "mish"]


def test_nested_models():
    inner = keras.Sequential(
        [keras.Input((6,)), keras_layers.Dense(4, "relu", name="a")], name="inner"
    )
    inputs = keras.Input((6,))
    outer = keras.Model(inputs, keras_layers.ReLU(name="last")(inner(inputs)))
    assert names(outer) == {"inner/a": "relu", "last": "ReLU"}


def test_a_shared_layer_has_a_row_for_each_call():
    relu = keras_layers.ReLU(name="relu")
    inputs = keras.Input((6,))
    model = keras.Model(inputs, [relu(inputs), relu(-inputs)])
    first, second = diagnose(model, np.abs(X)).activations
    assert (first.name, second.name) == ("relu (call 1)", "relu (call 2)")
    assert sorted((first.dead, second.dead)) == [0.0, 1.0]


def test_a_layer_that_is_called_often_has_one_row():
    model = keras.Sequential(
        [
            keras.Input((5, 6)),
            keras_layers.TimeDistributed(keras_layers.Dense(4, "relu", name="d")),
        ]
    )
    (found,) = diagnose(model, np.stack([X] * 5, axis=1)).activations
    assert found.name.endswith("/d")
    assert found.units == 4


class Looping(keras.layers.Layer):
    def __init__(self):
        super().__init__(name="looping")
        self.act = ops.tanh

    def call(self, x):
        return ops.fori_loop(0, 6, lambda _, x: self.act(x), x)


def test_an_activation_in_a_compiled_loop():
    model = keras.Sequential([keras.Input((6,)), Looping()])
    found = diagnose(model, X)
    watched = [one.name for one in found.activations]
    if keras.backend.backend() in ("jax", "tensorflow"):
        assert (watched, list(found.uncovered)) == ([], ["looping.act"])
    else:
        assert (watched, dict(found.uncovered)) == (["looping.act"], {})


class Branching(keras.Model):
    def __init__(self):
        super().__init__()
        self.used = layers.ReLU(name="used")
        self.unused = layers.ReLU(name="unused")

    def build(self, input_shape):
        self.built = True

    def call(self, x):
        return self.used(x)


def test_an_activation_that_is_not_called():
    found = diagnose(Branching(), X)
    assert [one.name for one in found.activations] == ["used"]
    assert found.uncovered == {"unused": "no call reached it"}


class Doubling(keras.layers.Layer):
    def call(self, x):
        return ops.maximum(x, 0)


@pytest.mark.parametrize("how", ["class", "name", "class name", "layer"])
def test_layers_that_are_named_as_activations(how):
    layer = Doubling(name="own")
    model = keras.Sequential([keras.Input((6,)), layer])
    assert names(model) == {}
    given = {"class": Doubling, "name": "own", "class name": "Doubling", "layer": layer}
    found = diagnose(model, -np.abs(X), activations=[given[how]])
    assert found["own"].dead == 1.0
    assert found["own"].saturated_low == 1.0


def test_two_layers_of_one_name_have_two_rows():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.ReLU(name="act"), layers.ReLU(name="act")

        def call(self, x):
            return self.two(self.one(x))

    assert names(Twins()) == {"act": "ReLU", "act [2]": "ReLU"}


def test_attention_is_watched_as_any_layer():
    inputs = keras.Input((5, 6))
    attention = keras_layers.MultiHeadAttention(2, 3)
    model = keras.Model(inputs, attention(inputs, inputs))
    found = diagnose(model, np.stack([X] * 5, axis=1))
    assert found.healthy


def test_a_model_without_activations():
    model = keras.Sequential([keras.Input((6,)), keras_layers.Dense(2)])
    found = keras_acts.diagnose(model, X)
    assert found.activations == ()
    assert found.healthy
