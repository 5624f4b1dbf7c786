"""What is said of each activation, beside numbers computed by hand and by NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as keras_layers

from keras_acts import diagnose, layers

pytestmark = pytest.mark.in_turn(
    "reductions and slopes of each backend, by a quarter of the functions"
)

X = np.random.default_rng(3).normal(0, 4, (150, 6)).astype("float32")
X[:, 2] = -np.abs(X[:, 2]) - 0.1  # ReLU gives 0 for all of it


def of(activation, x=X, **settings):
    """Diagnose an activation alone; batches of 64, 64 and 22."""
    layer = activation if isinstance(activation, keras.Layer) else None
    layer = layer or keras_layers.Activation(activation)
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    (found,) = diagnose(model, x, batch_size=64, **settings).activations
    return found


def test_relu_by_hand():
    x = np.array([[1, -1, 0], [3, -2, 0], [-1, -3, 0], [1, -4, 0]], "float32")
    found = of("relu", x)
    assert found.by_unit.dead == (False, True, True)
    assert found.by_unit.sparsity == (0.25, 1.0, 1.0)
    assert found.by_unit.mean == (1.25, 0.0, 0.0)
    assert found.by_unit.deviation == pytest.approx((1.089725, 0, 0), rel=1e-5)
    assert (found.dead, found.sparsity) == pytest.approx((2 / 3, 0.75))
    assert found.saturated_low == pytest.approx(0.75)
    assert found.saturated_high is None
    assert found.mean == pytest.approx(1.25 / 3)
    assert found.is_output


def test_batches_add_up_to_what_numpy_says_of_all():
    found = of("tanh")
    y = np.tanh(X.astype("float64"))
    np.testing.assert_allclose(found.by_unit.mean, y.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.by_unit.deviation, y.std(0), rtol=1e-5)
    assert found.mean == pytest.approx(y.mean(), abs=1e-6)
    assert found.deviation == pytest.approx(y.std(), rel=1e-5)


@pytest.mark.parametrize("mean", [1e3, -1e4])
def test_a_deviation_survives_a_large_mean(mean):
    found = of(layers.Linear(), (mean + X).astype("float32"))
    assert found.deviation == pytest.approx(X.std(), rel=1e-2)


TANH = np.arccosh(10.0)  # where 1/cosh² is a hundredth
SLOPES = {
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
    "sigmoid": (-2 * TANH, 2 * TANH),
    "tanh": (-TANH, TANH),
    "hard_sigmoid": (-3.0, 3.0),
    "softplus": (-np.log(99.0), None),  # its derivative is sigmoid
    "elu": (np.log(0.01), None),  # e^x
    "exponential": (np.log(0.01), None),
    "softsign": (-9.0, 9.0),  # 1/(1+|x|)²
    "linear": (None, None),
    layers.LeakyReLU: (None, None),
    layers.PReLU: (None, None),
    layers.HardTanh: (-1.0, 1.0),
    layers.ThresholdedReLU: (1.0, None),
    layers.Snake: (None, None),
    layers.Sine: (None, None),
}
"""Where each function's derivative falls below a hundredth of its largest value, or of
1 if that is larger, by its formula."""


@pytest.mark.parametrize("name", SLOPES, ids=str)
def test_saturation_follows_from_the_derivative(name):
    low, high = SLOPES[name]
    found = of(name() if isinstance(name, type) else name)
    near = 0.06  # the grid on which the derivative is sampled
    for share, end, side in (
        (found.saturated_low, low, 1),
        (found.saturated_high, high, -1),
    ):
        if end is None:
            assert share is None
        else:
            beyond = [(side * X <= side * end + d).mean() for d in (-near, near)]
            assert beyond[0] <= share + 1e-6
            assert share <= beyond[1] + 1e-6


def test_each_channel_has_the_slope_that_it_learned():
    layer = layers.PReLU(channels=3)
    layer.alpha.assign([0.0, 0.2, 0.001])
    x = np.array([[-1, -1, -1], [2, 2, 2]], "float32")
    found = of(layer, x)
    assert found.by_unit.saturated_low == (0.5, 0.0, 0.5)
    assert found.by_unit.dead == (False, False, False)


def test_softmax_has_no_saturation_and_no_dead_units():
    found = of("softmax")
    assert (found.dead, found.saturated_low, found.saturated_high) == (None, None, None)
    assert found.mean == pytest.approx(1 / 6)


def test_a_gate_that_is_closed_is_dead():
    x = np.array([[1, 2, -1, 3], [4, 5, -2, -6]], "float32")
    assert of(layers.ReGLU(), x).by_unit.dead == (True, False)


def test_an_input_of_zero_does_not_kill_where_the_slope_is_not_zero():
    x = np.zeros((40, 2), "float32")
    assert of("tanh", x).dead == 0.0
    assert of("tanh", x).sparsity == 1.0
    assert of("relu", x).dead == 1.0


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_units_of_a_convolution_are_its_channels(data_format):
    if keras.backend.backend() == "tensorflow" and data_format == "channels_first":
        data_format = "channels_last"  # TensorFlow's CPU has no other convolution
    last = data_format == "channels_last"
    shape = (5, 5, 2) if last else (2, 5, 5)
    model = keras.Sequential(
        [
            keras.Input(shape),
            keras_layers.Conv2D(4, 1, data_format=data_format),
            keras_layers.ReLU(),
        ]
    )
    kernel = np.zeros((1, 1, 2, 4), "float32")
    model.layers[0].set_weights([kernel, np.array([1, -1, 2, 3], "float32")])
    (found,) = diagnose(model, np.ones((8, *shape), "float32")).activations
    assert found.by_unit.mean == (1.0, 0.0, 2.0, 3.0)
    assert found.by_unit.dead == (False, True, False, False)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_half_precision(dtype):
    if keras.backend.backend() == "numpy":
        pytest.skip("NumPy's backend has no bfloat16, and few operations in float16")
    x = np.clip(X, -30, 30)
    model = keras.Sequential(
        [keras.Input((6,)), keras_layers.Activation("sigmoid", dtype=dtype)]
    )
    (found,) = diagnose(model, x).activations
    y = 1 / (1 + np.exp(-x))
    assert found.mean == pytest.approx(y.mean(), abs=0.01)
    assert found.saturated_high == pytest.approx((x > 5.99).mean(), abs=0.02)


def test_outputs_that_are_not_finite_are_named():
    x = X.copy()
    x[5, 0] = np.nan
    model = keras.Sequential([keras.Input((6,)), keras_layers.ReLU(name="first")])
    found = diagnose(model, x)
    assert [(one.kind, one.where) for one in found.findings] == [
        ("not finite", ("first",))
    ]
