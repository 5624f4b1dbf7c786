"""`initializer_for`: the rule of each activation, and what signals do in a stack."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import catalogue, layers
from keras_acts.advice.gains import REFUSED, gain_of
from keras_acts.advice.initializers import DISTRIBUTIONS, MODES, OF_ACTIVATION, RULES
from keras_acts.advice.sources import SOURCES
from support.case import Elementwise, all_cases

of = keras_acts.initializer_for
K = keras.initializers

BY_RULE = {
    "relu": (K.HeNormal, 2.0, "fan_in"),
    "selu": (K.LecunNormal, 1.0, "fan_in"),
    "tanh": (K.GlorotUniform, 1.0, "fan_avg"),
    "sigmoid": (K.GlorotUniform, 1.0, "fan_avg"),
    "linear": (K.GlorotUniform, 1.0, "fan_avg"),
    "softmax": (K.GlorotUniform, 1.0, "fan_avg"),
    "sparsemax": (K.GlorotUniform, 1.0, "fan_avg"),
    "prelu": (K.VarianceScaling, 2 / (1 + 0.25**2), "fan_in"),
    "leaky_relu": (K.VarianceScaling, 2 / (1 + 0.01**2), "fan_in"),
    "sine": (K.VarianceScaling, 2 / 30**2, "fan_in"),
    "gelu": (K.VarianceScaling, 1 / 0.4252214825702, "fan_in"),
}


@pytest.mark.parametrize("name", BY_RULE)
def test_the_rule_of_an_activation(name: str) -> None:
    cls, scale, mode = BY_RULE[name]
    found = of(name)
    assert type(found) is cls
    assert isinstance(found, K.VarianceScaling)
    assert found.scale == pytest.approx(scale, rel=1e-9)
    assert found.mode == mode


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.25, 1.0, -0.5, 3.0])
@pytest.mark.parametrize("name", ["prelu", "leaky_relu", "relu", "LeakyReLU"])
def test_the_gain_of_he_for_a_slope(name: str, slope: float) -> None:
    assert of(name, slope=slope).scale == 2 / (1 + slope**2)


def test_arguments_of_the_initializer() -> None:
    for mode in MODES:
        for distribution in DISTRIBUTIONS:
            found = of("gelu", mode=mode, distribution=distribution, seed=3)
            assert (found.mode, found.distribution) == (mode, distribution)
    assert type(of("relu", distribution="uniform")) is K.HeUniform
    assert of("tanh", rule="moment").scale == pytest.approx(1 / 0.394294490397)
    assert of("leaky_relu:negative_slope=0.5").scale == 2 / 1.25
    one, two = (of("mish", seed=5)((4, 4)) for _ in range(2))
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, two)))


def test_a_clipped_relu_has_its_own_gain() -> None:
    assert of(layers.ReLU(max_value=1.0)).scale == pytest.approx(
        gain_of("relu", max_value=1.0).gain
    )


def test_a_layer_takes_it_and_saves_it() -> None:
    layer = keras.layers.Dense(4, kernel_initializer=of("prelu", slope=0.25))
    twin = keras.layers.Dense.from_config(layer.get_config())
    assert twin.kernel_initializer.scale == pytest.approx(1.88235294)


MISTAKES = {
    "rule": ({"rule": "hee"}, "Did you mean 'he'"),
    "mode": ({"mode": "fan-inn"}, "Did you mean 'fan_in'"),
    "distribution": ({"distribution": "uniformm"}, "Did you mean 'uniform'"),
    "siren": ({"rule": "siren"}, "for activations other than Sine"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    arguments, message = MISTAKES[name]
    with pytest.raises(ValueError, match=message) as caught:
        of("relu", **arguments)
    assert "Received: " in str(caught.value)


def test_every_activation_has_an_initializer_or_a_reason() -> None:
    for name in catalogue.activations():
        if OF_ACTIVATION.get(name, "moment") == "moment" and name in REFUSED:
            with pytest.raises(ValueError, match="has no gain"):
                of(name)
        else:
            assert of(name).scale > 0


def test_every_rule_has_a_source() -> None:
    assert {rule.source for rule in RULES.values()} <= set(SOURCES.values())


DEPTH, WIDTH, BATCH, STACKS = 30, 256, 16, 4
BAND = 0.4, 2.5
"""Where the second moment lies behind 30 layers that keep it, the geometric mean of
four stacks of 256 units: chance alone moves the logarithm of each by the square root of
(kurtosis − 1) · 30 / 256, which is 0.77 for ReLU, and so the mean's by 0.38."""

DRIFTING = {
    *("ACONB", "ACONC", "ELiSH", "Exponential", "GELU", "GoLU", "HardShrink"),
    *("HardSwish", "LiSHT", "Mish", "SoftShrink", "SquaredReLU", "StarReLU"),
    *("Swish", "TanhShrink", "ThresholdedReLU", "XIELU"),
}
"""Activations that amplify what a layer misses: their second moment grows faster than
that of their input (`sensitivity` above 1), so that no initializer keeps it in a deep
stack of finite width. They need normalization layers."""

POINTWISE = sorted({row.layer for row in all_cases() if isinstance(row, Elementwise)})


@functools.cache
def stack() -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """An input and the weights of the layers, all of variance 1."""
    rng = np.random.default_rng(7)
    draw = functools.partial(rng.standard_normal, dtype="float32")
    kernels = tuple(draw((STACKS, WIDTH, WIDTH)) for _ in range(DEPTH))
    return draw((STACKS, BATCH, WIDTH)), kernels


def propagated(activation: Any, scale: float) -> float:
    """The second moment behind stacks whose weights have this scale."""
    x, kernels = stack()
    for kernel in kernels:
        y = keras.ops.convert_to_numpy(activation(x))
        x = (y @ kernel) * np.float32((scale / WIDTH) ** 0.5)
    found = np.square(x, dtype=np.float64).mean((1, 2))
    return float(np.exp(np.log(found).mean()))


ONCE = pytest.mark.runs_once("the activations' values are tested on each backend")


@ONCE
@pytest.mark.parametrize("name", [n for n in POINTWISE if n not in DRIFTING])
def test_signals_keep_their_second_moment(name: str) -> None:
    layer = catalogue.find(name).layer()
    if name == "RReLU":  # whose slope is its mean outside of training
        layer = layers.LeakyReLU(negative_slope=(2 / of(name).scale - 1) ** 0.5)
    found = gain_of(name)
    assert found.steady
    assert BAND[0] < propagated(layer, found.gain) < BAND[1]


@ONCE
@pytest.mark.parametrize("name", sorted(DRIFTING))
def test_what_drifts_says_so(name: str) -> None:
    """Behind 30 layers an error of the first is more than twice as large."""
    found = gain_of(name)
    assert not found.steady
    assert found.sensitivity**DEPTH > 2


@ONCE
def test_what_drifts_leaves_the_band() -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        found = propagated(layers.SquaredReLU(), of("squared_relu").scale)
    assert not BAND[0] < found < BAND[1]


@ONCE
def test_glorot_halves_the_signal_of_relu() -> None:
    assert propagated(layers.ReLU(), 1.0) < 2.0**-DEPTH * BAND[1]
