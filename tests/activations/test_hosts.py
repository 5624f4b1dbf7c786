"""Activations with weights inside other layers: there as soon as the host's own are."""

import copy
import functools
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as hosts

from keras_acts import catalogue, layers
from support import models

pytestmark = pytest.mark.in_turn("what Keras and this package do, whatever the backend")

LEARNABLE: dict[str, Callable[[], Any]] = {
    "ACONB": layers.ACONB,
    "ACONC": layers.ACONC,
    "APReLU": layers.APReLU,
    "DYReLU": layers.DYReLU,
    "DyT": layers.DyT,
    "Entmax": lambda: layers.Entmax(learnable=True),
    "FReLU": layers.FReLU,  # behind convolutions
    "MetaACON": layers.MetaACON,
    "Maxout": lambda: layers.Maxout(3),  # of the size that each host here has
    "PELU": layers.PELU,
    "PReLU": layers.PReLU,
    "PolyNorm": layers.PolyNorm,
    "Rational": layers.Rational,
    "SReLU": layers.SReLU,
    "StarReLU": layers.StarReLU,
    "Snake": lambda: layers.Snake(learnable=True, sharing="channel"),
    "Swish": lambda: layers.Swish(learnable=True, sharing="channel"),
    "TLU": layers.TLU,
    "XIELU": layers.XIELU,
}


class Projection(hosts.Dense):
    """A layer derived from one of Keras's, which computes as that does."""


class Residual(hosts.Layer):
    """A layer of somebody's own, whose activation is not its last step."""

    def __init__(self, activation: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.wide = hosts.Dense(3)

    def build(self, input_shape: Any) -> None:
        self.wide.build(input_shape)
        self.narrow_kernel = self.add_weight(shape=(3, input_shape[-1]), name="kernel")

    def call(self, inputs: Any) -> Any:
        y = self.activation(self.wide(inputs))
        return inputs + keras.ops.matmul(y, self.narrow_kernel)

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation}


@dataclass(frozen=True)
class Host:
    """A layer that takes an activation, and the shape of its input."""

    name: str
    make: Callable[[Any], Any]
    shape: tuple[int | None, ...] = (5, 4)

    def __str__(self) -> str:
        return self.name

    def model(self, activation: Callable[[], Any]) -> keras.Model:
        return keras.Sequential([keras.Input(self.shape), self.make(activation)])

    def inputs(self) -> np.ndarray:
        return models.random(2, *(size or 6 for size in self.shape))


HOSTS = (
    Host("Activation", lambda f: hosts.Activation(f()), (5, 3)),
    Host("Dense", lambda f: hosts.Dense(3, activation=f())),
    Host("Dense-unknown", lambda f: hosts.Dense(3, activation=f()), (None, 4)),
    Host("EinsumDense", lambda f: hosts.EinsumDense("abc,cd->abd", (5, 3), f())),
    Host("Conv1D", lambda f: hosts.Conv1D(3, 2, activation=f()), (None, 4)),
    Host("Conv2D", lambda f: hosts.Conv2D(3, 2, activation=f()), (None, None, 4)),
    Host(
        "Conv2DTranspose",
        lambda f: hosts.Conv2DTranspose(3, 2, activation=f()),
        (6, 6, 4),
    ),
    Host("DepthwiseConv1D", lambda f: hosts.DepthwiseConv1D(2, activation=f()), (5, 3)),
    Host("SeparableConv1D", lambda f: hosts.SeparableConv1D(3, 2, activation=f())),
    Host("SimpleRNN", lambda f: hosts.SimpleRNN(3, activation=f())),
    Host("LSTM", lambda f: hosts.LSTM(3, activation=f())),
    Host("LSTM-recurrent", lambda f: hosts.LSTM(3, recurrent_activation=f())),
    Host("LSTM-both", lambda f: hosts.LSTM(3, f(), f())),
    Host("GRU", lambda f: hosts.GRU(3, activation=f())),
    Host("GRU-recurrent", lambda f: hosts.GRU(3, recurrent_activation=f())),
    Host("RNN", lambda f: hosts.RNN(hosts.GRUCell(3, activation=f()))),
    Host(
        "StackedRNNCells",
        lambda f: hosts.RNN([hosts.GRUCell(3, activation=f()), hosts.LSTMCell(2)]),
    ),
    Host("ConvLSTM1D", lambda f: hosts.ConvLSTM1D(3, 2, activation=f()), (3, 5, 2)),
    Host("Bidirectional", lambda f: hosts.Bidirectional(hosts.LSTM(3, activation=f()))),
    Host(
        "TimeDistributed",
        lambda f: hosts.TimeDistributed(hosts.Dense(3, activation=f())),
    ),
    Host("derived", lambda f: Projection(3, activation=f())),
    Host("own", lambda f: Residual(f())),
)

ON_EVERY_BACKEND = ("APReLU", "Maxout", "PReLU")
"""One with layers inside, one that resizes, and one of those that are alike."""

once = pytest.mark.runs_once(
    "it is built by the code that builds PReLU, on any backend"
)
ONLY = {
    "Maxout": ("Dense", "Conv2D", "derived"),
    "FReLU": ("Activation", "Dense", "Conv1D", "Conv2D", "Conv2DTranspose"),
}
"""The hosts of activations that do not fit each."""

PAIRS = [
    pytest.param(
        host,
        LEARNABLE[name],
        id=f"{host}-{name}",
        marks=() if name in ON_EVERY_BACKEND else once,
    )
    for host in HOSTS
    for name in LEARNABLE
    if host.name in ONLY.get(name, [host.name])
]
each_pair = pytest.mark.parametrize(("host", "activation"), PAIRS)


def _moved(model: keras.Model) -> keras.Model:
    """Move every weight of a model away from its initial value."""
    model.set_weights([np.asarray(w) + 0.37 for w in model.get_weights()])
    return model


def _answers(model: keras.Model, x: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(x, training=False))


def _through_files(model, host, activation, folder):
    model.save_weights(folder / "m.weights.h5")
    twin = host.model(activation)
    twin.load_weights(folder / "m.weights.h5")
    return twin


def _through_lists(model, host, activation, folder):
    twin = host.model(activation)
    twin.set_weights(model.get_weights())
    return twin


def _through_keras_file(model, host, activation, folder):
    model.save(folder / "m.keras")
    registered = {"Projection": Projection, "Residual": Residual}
    return keras.models.load_model(folder / "m.keras", custom_objects=registered)


WAYS = {
    "weights file": _through_files,
    "set_weights": _through_lists,
    "keras file": _through_keras_file,
}


@functools.cache
def _weights_without(host):
    """Return how many weights a host has with an activation that has none."""
    return len(host.model(lambda: "tanh").weights)


NO_ACTIVATIONS = {"GatedDense"}
"""Rows with weights that a host can't take: a whole feed-forward layer."""


@pytest.mark.runs_once("it reads names")
def test_no_row_with_weights_is_missing():
    rows = {row.name for row in catalogue.activations().values() if row.learnable}
    assert rows - NO_ACTIVATIONS == set(LEARNABLE)


@each_pair
def test_weights_are_there_at_once_and_arrive_everywhere(host, activation, tmp_path):
    model, x = _moved(host.model(activation)), host.inputs()
    paths, count = [w.path for w in model.weights], model.count_params()
    assert len(paths) > _weights_without(host)
    twins = {way: make(model, host, activation, tmp_path) for way, make in WAYS.items()}
    want = _answers(model, x)
    assert [w.path for w in model.weights] == paths, "a weight came with the first call"
    assert model.count_params() == count
    for way, twin in twins.items():
        np.testing.assert_array_equal(_answers(twin, x), want, err_msg=way)


@pytest.mark.parametrize("name", LEARNABLE)
def test_layers_that_are_not_built_are_copied(name):
    make = LEARNABLE[name]
    for layer in (
        make(),
        hosts.Dense(3, activation=make()),
        keras.Sequential([hosts.Dense(3), make()]),
    ):
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert type(twin) is type(layer)
            assert not twin.built


class Opaque(hosts.Layer):
    """A layer whose activation can't be found by a call on symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.activation = layers.PReLU()

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], 3), name="kernel")

    def call(self, inputs: Any) -> Any:
        return self.activation(keras.ops.matmul(inputs, self.kernel))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 3)


def test_what_can_not_be_built_is_not_saved_in_silence(tmp_path):
    model = keras.Sequential([keras.Input((None, 4)), Opaque()])
    with pytest.raises(ValueError, match=r"inside 'opaque.*' can't be saved"):
        model.save_weights(tmp_path / "m.weights.h5")


def test_what_can_not_be_built_is_not_loaded_in_silence(tmp_path):
    model = keras.Sequential([keras.Input((None, 4)), Opaque()])
    model(models.random(2, 5, 4))
    model.save_weights(tmp_path / "m.weights.h5")
    twin = keras.Sequential([keras.Input((None, 4)), Opaque()])
    with pytest.raises(ValueError, match="can't be loaded"):
        twin.load_weights(tmp_path / "m.weights.h5")


def test_keras_calls_what_this_package_changes():
    assert keras.layers.Layer._post_build.builds_activations
    calls = []

    class Watched(hosts.Layer):
        def _post_build(self) -> None:
            calls.append(self._build_shapes_dict)

    Watched().build((None, 4))
    assert calls == [{"input_shape": (None, 4)}]
