"""`curves`: f′ belongs to f, and kinks and limits are those of the definitions."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest

from keras_acts import catalogue, functional, layers
from keras_acts.plotting import curves
from support.case import Elementwise, all_cases
from support.process import python

ROWS = catalogue.activations()
ELEMENTWISE = [case for case in all_cases() if isinstance(case, Elementwise)]


pytestmark = pytest.mark.in_turn("each backend's derivatives have tests of their own")

FEW = 4
"""The most intervals in which f″ may jump, where Simpson's rule is coarser."""


def check_slopes(curve) -> None:
    """Compare f′ with the differences of f, by Simpson's rule between kinks."""
    assert np.isfinite(curve.y).all()
    assert np.isfinite(curve.slope).all()
    assert (np.diff(curve.x) > 0).all()
    x, y, slope = curve.x, curve.y, curve.slope
    before, middle, behind = x[:-2], x[1:-1], x[2:]
    even = np.isclose(middle - before, behind - middle, rtol=1e-6)
    for kink in curve.kinks:
        even &= (behind < kink.x) | (before > kink.x)
    risen = (behind - before) / 6 * (slope[:-2] + 4 * slope[1:-1] + slope[2:])
    width, steepest = (behind - before)[even], max(1.0, np.abs(slope).max())
    error = np.abs(y[2:] - y[:-2] - risen)[even] / width / steepest
    assert len(error) > 300
    assert np.sort(error)[-FEW - 1] < 1e-3
    # Where f″ jumps, the mean of f′ still lies between the least and the largest.
    change = np.ptp([slope[:-2], slope[1:-1], slope[2:]], axis=0)[even] / steepest
    assert (error < change + 1e-3).all()


@pytest.mark.parametrize("name", ROWS)
def test_the_slope_is_that_of_the_curve(name):
    found = curves(name)
    assert found
    for curve in found:
        check_slopes(curve)
        assert curve.is_differentiated
        assert curve.x[0] < 0 < curve.x[-1]


@pytest.mark.parametrize("case", ELEMENTWISE, ids=repr)
def test_kinks_and_limits_are_those_of_the_definition(case):
    found = curves(case.make_built())[0]
    at = {round(kink.x, 5): kink for kink in found.kinks}
    stated = {round(float(x), 5) for x in case.kinks}
    assert set(at) <= stated | {round(float(x), 5) for x in case.marks}
    for x, gradient in case.kinks.items():
        kink = at.get(round(float(x), 5))
        if kink is None:  # a kink of other arguments, which these make smooth
            near = np.abs(found.x - float(x)).argmin()
            assert found.slope[near] == pytest.approx(gradient, abs=0.05)
            continue
        assert kink.gradient == pytest.approx(gradient, rel=1e-5, abs=1e-7)
    for line, stated_limit in (
        (found.left, case.at_minus_inf),
        (found.right, case.at_plus_inf),
    ):
        if math.isfinite(stated_limit) and line is not None and line.slope == 0:
            assert line.limit == pytest.approx(stated_limit, abs=2e-5)
        if math.isinf(stated_limit) and line is not None:
            assert line.slope != 0


HAND = [
    ("relu", [(0, 0, 1, 0, False)], (0, 0), (1, 0)),
    ("leaky_relu:negative_slope=0.2", [(0, 0.2, 1, 0.2, False)], (0.2, 0), (1, 0)),
    ("relu6", [(0, 0, 1, 0, False), (6, 1, 0, 0, False)], (0, 0), (0, 6)),
    ("hard_shrink", [(-0.5, 1, 0, 0, True), (0.5, 0, 1, 0, True)], (1, 0), (1, 0)),
    ("threshold:threshold=2,default_value=2", [(2, 0, 1, 0, False)], (0, 2), (1, 0)),
    ("sigmoid", [], (0, 0), (0, 1)),
    ("elu", [], (0, -1), (1, 0)),
    ("softsign", [], (0, -1), (0, 1)),
    ("lisht", [], (-1, 0), (1, 0)),
    ("soft_shrink", [(-0.5, 1, 0, 0, 0), (0.5, 0, 1, 0, 0)], (1, 0.5), (1, -0.5)),
    ("log_sigmoid", [], (1, 0), (0, 0)),
    ("squared_relu", [], (0, 0), None),
    ("sine", [], None, None),
    ("snake:frequency=2", [], None, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kinks", "left", "right"), HAND, ids=lambda v: str(v))
def test_hand_computed_features(name, kinks, left, right):
    (found,) = curves(name)
    got = [
        (kink.x, kink.left, kink.right, kink.gradient, kink.jumps)
        for kink in found.kinks
    ]
    assert got == [pytest.approx(one) for one in kinks]
    for line, stated in ((found.left, left), (found.right, right)):
        assert (line is None) == (stated is None)
        if stated is not None:
            assert (line.slope, line.intercept) == pytest.approx(stated, abs=1e-5)


RANGES = [
    ("relu", -2.5, 2.5),
    ("relu6", -5, 8.5),
    ("hard_sigmoid:slope=0.01,offset=0", -90, 140),
    ("softplus:beta=100", -0.1, 0.1),
    ("sine:frequency=1", -15, 15),
]


@pytest.mark.runs_once("the range is found from what each backend gives alike")
@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_the_range_follows_the_function(name, low, high):
    (found,) = curves(name)
    width = high - low
    assert found.x[0] == pytest.approx(low, abs=0.3 * width)
    assert found.x[-1] == pytest.approx(high, abs=0.3 * width)
    (given,) = curves(name, range=(-1, 2))
    assert (given.x[0], given.x[-1]) == (-1, 2)


def test_a_learned_parameter_is_a_family():
    found = curves("prelu")
    assert [curve.label for curve in found] == [
        *("alpha = 0", "alpha = 0.125", "alpha = 0.25", "alpha = 0.5"),
    ]
    assert [curve.is_main for curve in found] == [False, False, True, False]
    assert [curve.slope[0] for curve in found] == pytest.approx([0, 0.125, 0.25, 0.5])
    given = curves("elu", vary={"alpha": [1, 3]})
    assert [curve.left.limit for curve in given] == [-1, -3]


def test_a_trained_layer_has_a_curve_a_channel():
    layer = layers.PReLU()
    layer.build((None, 4, 3))
    layer.alpha.assign([[0.5, -0.25, 0.125]])
    found = curves(layer)
    assert [c.label for c in found] == ["channel 1", "channel 2", "channel 0"]
    assert [c.slope[0] for c in found] == pytest.approx([-0.25, 0.125, 0.5])


def test_a_layer_of_keras_is_drawn_as_trained():
    layer = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.75))
    layer.build((None, 1))
    (found,) = curves(layer)
    assert found.kinks[0].gradient == pytest.approx(0.75)
    assert curves(keras.layers.LeakyReLU())[0].slope[0] == pytest.approx(0.3)
    assert curves(keras.layers.Activation("gelu"))[0].name == "GELU"


def test_an_unbuilt_layer_stays_unbuilt_and_a_built_one_as_it_was():
    layer = layers.PReLU()
    assert len(curves(layer)) == 4
    assert not layer.built
    trained = layers.Swish(learnable=True)
    before = keras.ops.convert_to_numpy(trained.beta)
    curves(trained)
    assert keras.ops.convert_to_numpy(trained.beta) == before


def test_functions_and_layers_of_others():
    (parabola,) = curves(lambda x: x * x)
    check_slopes(parabola)
    (ours,) = curves(functional.mish)
    assert ours.name == "Mish"
    (scaled,) = curves(keras.layers.Rescaling(2.0, offset=1.0))
    assert (scaled.left.slope, scaled.left.intercept) == pytest.approx((2, 1))


def prelu(slopes):
    layer = layers.PReLU(channels=len(slopes))
    layer.alpha.assign(slopes)
    return layer


HOSTS = {
    "Dense": (lambda act: keras.layers.Dense(3, activation=act), (None, 2)),
    "Conv2D": (lambda act: keras.layers.Conv2D(3, 1, activation=act), (None, 4, 4, 2)),
    "GRU": (lambda act: keras.layers.GRU(3, activation=act), (None, 4, 2)),
}
"""Layers that hold an activation, and what they are built for."""


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("name", HOSTS)
def test_a_layer_that_holds_an_activation_is_drawn_by_it(name, built):
    make, shape = HOSTS[name]
    layer = make(prelu([0.0, 0.1, 0.3]))
    if built:
        layer.build(shape)
    found = curves(layer)
    assert [curve.slope[0] for curve in found] == pytest.approx([0.0, 0.1, 0.3])
    assert {curve.name for curve in found} == {f"PReLU of {layer.name}"}
    (held,) = curves(make("tanh"))
    assert held.name.startswith("Tanh of ")
    check_slopes(held)


def test_training_draws_within_a_band():
    (curve,) = curves(layers.RReLU(lower=0.1, upper=0.5), range=(-2, 2))
    left = curve.x < 0
    np.testing.assert_allclose(curve.slope[left], 0.3)
    low, high = curve.band
    np.testing.assert_allclose(low, np.where(left, 0.5 * curve.x, curve.x))
    np.testing.assert_allclose(high, np.where(left, 0.1 * curve.x, curve.x))
    np.testing.assert_allclose(curve.slope_band[:, left].T, [[0.1, 0.5]] * left.sum())
    drawn = layers.RReLU(lower=0.1, upper=0.5)(curve.x, training=True)
    drawn = keras.ops.convert_to_numpy(drawn)
    assert (low - 1e-6 <= drawn).all()
    assert (drawn <= high + 1e-6).all()
    assert curves("relu")[0].band is None


def test_a_function_that_is_not_defined_everywhere_is_one_curve():
    (curve,) = curves(keras.ops.log, range=(-1, 2))
    assert np.isnan(curve.y[curve.x < 0]).all()
    positive = curve.x > 0.01
    np.testing.assert_allclose(curve.slope[positive], 1 / curve.x[positive], rtol=1e-6)


def test_activations_of_several_inputs():
    softmax = curves("softmax")
    total = sum(curve.y for curve in softmax)
    np.testing.assert_allclose(total, 1)
    assert [curve.right.limit for curve in softmax] == [1, 0, 0]
    x = softmax[0].x
    expected = np.exp(x) / (np.exp(x) + 1 + np.exp(-1))
    np.testing.assert_allclose(softmax[0].y, expected, rtol=1e-12)
    gated = {curve.label: curve for curve in curves("glu")}
    np.testing.assert_allclose(
        gated["a = 2"].y, 2 / (1 + np.exp(-gated["a = 2"].x)), rtol=1e-9
    )
    up, down = curves("crelu")
    np.testing.assert_allclose(up.y - down.y, up.x)
    largest, *pieces = curves("maxout")
    assert [piece.is_part for piece in pieces] == [True] * 4
    np.testing.assert_allclose(largest.y, np.max([p.y for p in pieces], axis=0))


def test_trained_layers_with_matrices():
    layer = layers.Maxout(1, pieces=2)
    layer.build((None, 1))
    layer.kernel.assign([[-1.0, 2.0]])
    layer.bias.assign([1.0, -2.0])
    largest, *pieces = curves(layer)
    assert [kink.x for kink in largest.kinks] == pytest.approx([1.0])
    assert len(pieces) == 2
    dense = layers.GatedDense(3)
    dense.build((None, 4))
    assert [curve.label for curve in curves(dense)] == ["unit 0", "unit 1", "unit 2"]
    for shape in ((None, 3), (None, 5, 5, 3)):
        adaptive = layers.APReLU()
        adaptive.build(shape)
        assert len(curves(adaptive)) == 3


NUMPY = """
import json
from keras_acts.plotting import curves
found = {name: curves(name)[0] for name in ("relu", "mish", "threshold:threshold=1")}
print(json.dumps({
    name: [c.is_differentiated, [[k.x, k.left, k.right, k.jumps] for k in c.kinks],
           abs(c.slope).max()]
    for name, c in found.items()
}))
"""


@pytest.mark.runs_once("it starts a process of another backend")
def test_without_automatic_differentiation_slopes_are_differences():
    done = python("-c", NUMPY, backend="numpy")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for name, kink in (
        ("relu", [0, 0, 1, False]),
        ("threshold:threshold=1", [1, 0, 1, True]),
    ):
        differentiated, kinks, steepest = found[name]
        assert not differentiated
        assert kinks == [pytest.approx(kink, abs=2e-3)]
        assert steepest == pytest.approx(1, abs=1e-3)
    assert found["mish"] == [False, [], pytest.approx(1.0884, abs=1e-3)]


WRONG = [
    ((), {}, ValueError, "needs an activation"),
    (("mihs",), {}, ValueError, "Did you mean Mish"),
    (("leaky_relu:negativ_slope=1",), {}, ValueError, "Did you mean negative_slope"),
    (("leaky_relu:negative_slope",), {}, ValueError, "ARGUMENT=VALUE"),
    (("elu:alpha=1,alpha=2",), {}, ValueError, "given twice"),
    (("elu:alpha=-1",), {}, ValueError, "0 or above"),
    (("maxout:kernel=1",), {}, ValueError, "set other weights on a layer"),
    ((3,), {}, TypeError, "a name, a layer or a function"),
    (("mish",), {"range": (1, 0)}, ValueError, "the lower one first"),
    (("mish",), {"range": "ab"}, ValueError, "two finite numbers"),
    (("mish",), {"range": (0, math.inf)}, ValueError, "two finite numbers"),
    (("mish",), {"vary": "alpha"}, ValueError, "it has none"),
    (("elu",), {"vary": {"beta": [1]}}, ValueError, "it has alpha"),
    (("elu",), {"vary": {"alpha": []}}, ValueError, "one number at least"),
    (("elu",), {"vary": {"alpha": ["x"]}}, ValueError, "one number at least"),
    (("elu",), {"vary": {"alpha": "x"}}, ValueError, "one number at least"),
    (("elu",), {"vary": {"alpha": 3}}, ValueError, "one number at least"),
    (("elu",), {"vary": ["alpha"]}, ValueError, "one number at least"),
    (("elu",), {"vary": {"alpha": [math.nan]}}, ValueError, "one number at least"),
    ((layers.ReLU,), {}, TypeError, r"make a layer of the class: `ReLU\(\)`"),
    ((lambda x: np.tanh(x.detach().numpy()),), {}, ValueError, r"keras\.ops"),
]


@pytest.mark.runs_once("messages don't depend on the backend")
@pytest.mark.parametrize(("given", "options", "kind", "message"), WRONG)
def test_what_is_wrong_is_said(given, options, kind, message):
    with pytest.raises(kind, match=message) as caught:
        curves(*given, **options)
    assert "Received: " in str(caught.value)


@pytest.mark.runs_once("messages don't depend on the backend")
def test_a_model_is_no_activation():
    model = keras.Sequential([keras.Input((3,)), layers.PReLU()], name="net")
    with pytest.raises(TypeError, match="give the layers"):
        curves(model)
