"""Gains against closed forms, and against mpmath for every elementwise activation."""

from __future__ import annotations

import functools
import inspect
import math

import keras
import numpy as np
import pytest
from mpmath import mp

from keras_acts import functional, layers
from keras_acts.advice.gains import REFUSED, gain_of, gain_of_known
from keras_acts.advice.identity import Known, identify
from support.case import Axis, Elementwise, all_cases

EXACT = 1e-10


GELU = 1 / 3 + 1 / (2 * math.pi * math.sqrt(3))
"""E[z² Φ(z)²], by integration by parts."""

SECOND_MOMENTS = {
    "relu": ("relu", {}, 1 / 2),
    "leaky relu": ("leaky_relu", {"slope": 0.3}, (1 + 0.3**2) / 2),
    "prelu": ("prelu", {"slope": 0.25}, (1 + 0.25**2) / 2),
    "prelu by its weight": ("prelu", {"alpha": -0.5}, (1 + 0.5**2) / 2),
    "rrelu": ("rrelu", {"lower": 0.1, "upper": 0.4}, (1 + 0.07) / 2),
    "linear": ("linear", {}, 1.0),
    "selu": ("selu", {}, 1.0),
    "squared relu": ("squared_relu", {}, 3 / 2),
    "exponential": ("exponential", {}, math.exp(2)),
    "sine": ("sine", {"frequency": 2.0}, (1 - math.exp(-8)) / 2),
    "gelu": ("gelu", {}, GELU),
    "squareplus": ("squareplus", {}, 1.5),
    "hard tanh": (
        "hard_tanh",
        {},
        1 - math.sqrt(2 / (math.pi * math.e)),
    ),
    "two maxout pieces": ("maxout", {"pieces": 2}, 1.0),
    "three maxout pieces": (
        "maxout",
        {"pieces": 3},
        1 + math.sqrt(3) / (2 * math.pi),
    ),
    "reglu": ("reglu", {}, 1 / 2),
    "crelu": ("crelu", {}, 1 / 2),
}


@pytest.mark.parametrize("name", SECOND_MOMENTS)
def test_second_moments_in_closed_form(name: str) -> None:
    activation, arguments, expected = SECOND_MOMENTS[name]
    found = gain_of(activation, **arguments)
    assert found.second_moment == pytest.approx(expected, rel=EXACT)
    assert found.gain == pytest.approx(1 / expected, rel=EXACT)


ROWS = [case for case in all_cases() if isinstance(case, Elementwise)]


@functools.cache
def oracle(row: Elementwise) -> tuple[float, float]:
    """Mean and second moment by mpmath, split at kinks and marks."""
    weights = {key: mp.mpf(float(value)) for key, value in row.weights.items()}
    given = {**row.row.defaults, **row.kwargs}
    numbers = {k: v for k, v in given.items() if type(v) in (int, float)}
    taken = inspect.signature(row.value).parameters
    own = {k: v for k, v in {**numbers, **weights}.items() if k in taken}
    edges = sorted({-9, 0, 9, *row.kinks, *(m for m in row.marks if abs(m) < 9)})
    density = lambda z: mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)  # noqa: E731
    value = lambda z: mp.mpf(row.value(z, **own))  # noqa: E731
    with mp.workdps(15):
        mean = mp.quad(lambda z: value(z) * density(z), edges)
        second = mp.quad(lambda z: value(z) ** 2 * density(z), edges)
    return float(mean), float(second)


def scalar(row: Elementwise) -> bool:
    return all(np.ndim(value) == 0 for value in row.weights.values()) and not any(
        isinstance(value, list | tuple | str | bool) for value in row.kwargs.values()
    )


SCALAR = [row for row in ROWS if scalar(row) and row.layer != "RReLU"]
"""Rows of one value a weight. RReLU counts as in training, where it is random."""
FIRST = {row.layer: row for row in reversed(SCALAR)}


@pytest.mark.runs_once("each backend gives the same numbers to twelve digits")
@pytest.mark.parametrize(
    "row",
    [
        row if row is FIRST[row.layer] else pytest.param(row, marks=pytest.mark.slow)
        for row in SCALAR
    ],
    ids=str,
)
def test_moments_are_those_of_mpmath(row: Elementwise) -> None:
    mean, second = oracle(row)
    found = gain_of(row.make_built())
    assert found.mean == pytest.approx(mean, rel=1e-6, abs=1e-7)
    assert found.second_moment == pytest.approx(second, rel=1e-6)


def test_every_activation_has_a_gain_or_a_reason() -> None:
    """Each elementwise one has a gain; of the others, some, by a rule of their own."""
    axis = {row.layer for row in all_cases() if isinstance(row, Axis)}
    pointwise = {row.layer for row in ROWS}
    assert not pointwise & set(REFUSED)
    assert axis - set(REFUSED) <= {
        *("GLU", "ReGLU", "GEGLU", "SwiGLU", "ClippedSwiGLU", "GatedDense"),
        *("CReLU", "Maxout", "DyT", "Rational", "Sine"),
    }


@pytest.mark.parametrize("name", ["softmax", "aprelu", "poly_norm"])
def test_what_is_not_elementwise_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"has no gain of its own: .* Received: "):
        gain_of(name)


def test_a_function_that_is_not_elementwise_is_refused() -> None:
    with pytest.raises(ValueError, match="it is not elementwise"):
        gain_of(lambda x: x - keras.ops.mean(x))


def test_a_function_that_vanishes_is_refused() -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        gain_of(keras.ops.zeros_like)


SAME = {
    "a name": "leaky_relu",
    "another spelling": "LeakyReLU",
    "a qualified name": "keras_acts>leaky_relu",
    "a function": functional.leaky_relu,
    "a layer": layers.LeakyReLU(),
    "a class": layers.LeakyReLU,
    "a partial": functools.partial(functional.leaky_relu, negative_slope=0.01),
    "Keras's layer": keras.layers.LeakyReLU(negative_slope=0.01),
    "Keras's function": functools.partial(
        keras.activations.leaky_relu, negative_slope=0.01
    ),
    "an Activation": keras.layers.Activation(functional.leaky_relu),
    "a function of one's own": lambda x: keras.ops.where(x > 0, x, 0.01 * x),
}


@pytest.mark.parametrize("given", SAME)
def test_all_ways_to_name_an_activation(given: str) -> None:
    assert gain_of(SAME[given]).gain == pytest.approx(2 / 1.0001, rel=1e-6)


def test_defaults_of_keras_count_for_its_functions_and_layers() -> None:
    assert gain_of(keras.activations.leaky_relu).gain == pytest.approx(2 / 1.04)
    assert gain_of(keras.layers.LeakyReLU).gain == pytest.approx(2 / 1.09)
    assert gain_of(keras.layers.PReLU()).gain == pytest.approx(2.0)
    assert gain_of("silu").gain == pytest.approx(gain_of("swish").gain)


def test_a_trained_layer_counts_with_what_it_learned() -> None:
    for layer in (layers.PReLU(), keras.layers.PReLU()):
        layer.build((None, 2))
        layer.alpha.assign([0.0, 1.0])
        assert gain_of(layer).second_moment == pytest.approx((0.5 + 1.0) / 2)


def test_initial_values_that_are_random_are_averaged_over() -> None:
    """SReLU starts with a left slope that is uniform between 0 and 1."""
    found = gain_of(layers.SReLU())
    assert found.second_moment == pytest.approx((1 + 1 / 3) / 2, rel=2e-3)
    assert found == gain_of(layers.SReLU())


def test_an_operation_of_a_graph_is_identified() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, keras.ops.leaky_relu(x, negative_slope=0.5))
    assert identify(model.operations[-1]).layer.negative_slope == 0.5


MISTAKES = {
    "a typo": (("leeky_relu",), {}, "Did you mean"),
    "an unknown argument": (
        ("elu",),
        {"slope": 1.0},
        "ELU takes these arguments: alpha",
    ),
    "twice": (("leaky_relu",), {"slope": 1.0, "negative_slope": 1.0}, "one of the two"),
    "no number": (("prelu",), {"slope": "x"}, "must be a number"),
    "a layer and arguments": ((layers.ELU(),), {"alpha": 2.0}, "has its arguments"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    given, arguments, message = MISTAKES[name]
    with pytest.raises(ValueError, match=message) as caught:
        gain_of(*given, **arguments)
    assert "Received: " in str(caught.value)


def test_what_names_no_activation() -> None:
    with pytest.raises(TypeError, match=r"must be a name, .* Received: activation=3"):
        gain_of(3)


def test_what_is_known_needs_no_second_look() -> None:
    assert gain_of_known(Known("ReLU", "ReLU", layers.ReLU())) == gain_of("relu")
