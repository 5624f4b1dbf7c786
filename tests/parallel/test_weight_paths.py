"""The table of weights is what the layers have, and paths stand under their hosts."""

from __future__ import annotations

import re

import keras
import pytest

from keras_acts import layers
from keras_acts.advice.weight_paths import weight_paths
from support.parallel.network import learnable_cases


def _rows(layer):
    return {x.path: x for x in weight_paths() if x.layer.split("(")[0] == layer}


def test_each_layer_that_learns_is_listed():
    learned = {case.layer for case in learnable_cases(few=False)}
    assert {x.layer.split("(")[0] for x in weight_paths()} == learned


EXPECTED = {
    "PReLU": {"alpha": (("1", "channels"), 1)},
    "Maxout": {"kernel": (("channels", "2 units"), 1), "bias": (("2 units",), 0)},
    "DyT": {
        "alpha": ((), None),
        "gamma": (("1", "channels"), 1),
        "beta": (("1", "channels"), 1),
    },
    "Rational": {"numerator": (("6",), None), "denominator": (("4",), None)},
    "DYReLU": {
        "squeeze_kernel": (("channels", "channels / 8"), 1),
        "squeeze_bias": (("channels / 8",), 0),
        "excite_kernel": (("channels / 8", "4 channels"), 1),
        "excite_bias": (("4 channels",), 0),
    },
}


@pytest.mark.parametrize("layer", EXPECTED)
def test_shapes_and_axes(layer):
    found = {path: (x.shape, x.axis) for path, x in _rows(layer).items()}
    assert found == EXPECTED[layer]


def _squeezed(layer):
    layer.build((None, 5, 8))
    return [w.path for w in layer.weights]


def test_paths_are_not_numbered_by_what_was_made_before():
    """Two layers of a name have the same paths, whatever is inside."""
    for cls in (layers.APReLU, layers.MetaACON, layers.FReLU):
        assert _squeezed(cls(name="a")) == _squeezed(cls(name="a"))
        assert {w.split("/", 1)[1] for w in _squeezed(cls())} == {*_rows(cls.__name__)}


HOSTS = {
    "a dense layer": (
        lambda: keras.layers.Dense(4, activation=layers.PReLU(), name="host"),
        r"(.*/)?host/p_re_lu/alpha",
    ),
    "a convolution": (
        lambda: keras.layers.Conv1D(4, 2, activation=layers.PReLU(), name="host"),
        r"(.*/)?host/p_re_lu/alpha",
    ),
    "a cell": (
        lambda: keras.layers.LSTM(4, activation=layers.PReLU(name="bent"), name="host"),
        r"(.*/)?host/lstm_cell/bent/alpha",
    ),
    "a layer inside the activation": (
        lambda: keras.layers.Dense(4, activation=layers.APReLU(name="a"), name="host"),
        r"(.*/)?host/a/(squeeze|excite)/\w+",
    ),
    "a wrapper": (
        lambda: keras.layers.TimeDistributed(
            keras.layers.Dense(4, activation=layers.PReLU(name="bent"), name="host")
        ),
        r"(.*/)?host/bent/alpha",
    ),
}


@pytest.mark.parametrize("built", ["by itself", "in a model", "by a call"])
@pytest.mark.parametrize("case", HOSTS)
def test_an_activations_weights_stand_under_its_host(case, built):
    make, pattern = HOSTS[case]
    host = make()
    if built == "by itself":
        host.build((None, 6, 3))
    elif built == "in a model":
        keras.Sequential([keras.Input((6, 3)), host])
    else:
        host(keras.ops.ones((2, 6, 3)))
    own = r".*(kernel|bias|recurrent_kernel)"
    others = [
        w.path for w in host.weights if not re.fullmatch(own, w.path) or "/a/" in w.path
    ]
    assert others
    assert not [path for path in others if not re.fullmatch(pattern, path)]
