"""What the advice claims, executed: each test is named like its claim."""

from __future__ import annotations

import importlib
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import functional, initializer_for, layers
from keras_acts.advice.claims import CLAIMS, TESTS
from keras_acts.advice.gains import gain_of
from support.gradients import value_and_vjp


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x), np.float64)


def slopes(function: Any, x: Any) -> np.ndarray:
    """The derivative of an elementwise function at some points."""
    return array(value_and_vjp(function, [np.asarray(x, "float32")])[1][0])


def test_each_claim_has_a_test_or_a_source() -> None:
    for claim in CLAIMS.values():
        assert claim.test or claim.sources
        if claim.test:
            assert claim.test == f"{TESTS}::test_{claim.key}"
            assert callable(globals()[f"test_{claim.key}"])


def test_linear_reaches_every_value() -> None:
    x = np.array([-1e6, -1.0, 0.0, 1e6], "float32")
    np.testing.assert_array_equal(array(functional.linear(x)), x)
    for bounded in (functional.sigmoid, functional.tanh):
        assert np.abs(array(bounded(x))).max() <= 1
    assert array(functional.relu(x)).min() == 0


def test_sigmoids_are_independent() -> None:
    one, other = array(functional.sigmoid([[1.0, -2.0], [1.0, 7.0]]))
    assert one[0] == other[0]


def test_softmax_shares_one_whole() -> None:
    one, other = array(functional.softmax([[1.0, -2.0], [1.0, 7.0]]))
    np.testing.assert_allclose([one.sum(), other.sum()], 1, rtol=1e-6)
    assert other[1] > one[1]
    assert other[0] < one[0]


def of_loss(loss: Any, activation: Any, target: Any) -> Any:
    """The loss as a function of what comes before the activation."""
    return lambda x: ops.sum(loss(ops.cast(target, x.dtype), activation(x)))


def test_cross_entropy_through_saturation() -> None:
    wrong = [[-15.0]]  # a probability of 3e-7, where the label is 1
    squared, cross = (
        slopes(of_loss(loss, functional.sigmoid, [[1.0]]), wrong)
        for loss in (keras.losses.mean_squared_error, keras.losses.binary_crossentropy)
    )
    assert abs(squared.item()) < 1e-6
    assert cross.item() == pytest.approx(-1, abs=1e-3)


def test_softmax_cross_entropy_through_saturation() -> None:
    wrong = [[12.0, 0.0, 0.0]]
    squared, cross = (
        slopes(of_loss(loss, functional.softmax, [[0.0, 1.0, 0.0]]), wrong)
        for loss in (
            keras.losses.mean_squared_error,
            keras.losses.categorical_crossentropy,
        )
    )
    assert np.abs(squared).max() < 1e-4
    assert cross[0, 1] == pytest.approx(-1, abs=1e-3)


def test_logits_stay_finite() -> None:
    def loss(x: Any, logits: bool) -> Any:
        # The product hides x from Keras, which on TensorFlow finds a sigmoid's input.
        y = x if logits else functional.sigmoid(x) * 1.0
        return ops.sum(
            keras.losses.binary_crossentropy(ops.ones_like(x), y, from_logits=logits)
        )

    near = np.array([[-2.0]], "float32")
    assert array(loss(near, True)) == pytest.approx(array(loss(near, False)), rel=1e-5)
    far = [[-60.0]]
    assert slopes(lambda x: loss(x, True), far).item() == pytest.approx(-1)
    assert slopes(lambda x: loss(x, False), far).item() == 0
    assert array(loss(np.array(far, "float32"), True)) == pytest.approx(60)


def test_softplus_is_positive() -> None:
    x = np.array([-30.0, -1.0, 5.0], "float32")
    assert (array(functional.softplus(x)) > 0).all()
    assert (slopes(functional.softplus, x) > 0).all()
    assert slopes(functional.relu, x)[0] == 0


def test_exponential_is_a_rate() -> None:
    count = 5.0
    found = slopes(
        of_loss(keras.losses.poisson, functional.exponential, [[count]]), [[1]]
    )
    assert found.item() == pytest.approx(np.exp(1) - count, rel=1e-4)


def test_bounded_targets_need_bounded_outputs() -> None:
    x = np.array([-1e30, -3.0, 3.0, 1e30], "float32")
    sigmoid, tanh = array(functional.sigmoid(x)), array(functional.tanh(x))
    assert (sigmoid >= 0).all()
    assert (sigmoid <= 1).all()
    assert np.abs(tanh).max() == 1


def test_sparsemax_has_zeros() -> None:
    x = [[4.0, 1.0, 0.0]]
    assert (array(functional.sparsemax(x))[0, 1:] == 0).all()
    assert (array(functional.softmax(x)) > 0).all()


def test_relu_keeps_gradients() -> None:
    assert (slopes(functional.relu, [1e-3, 1.0, 1e6]) == 1).all()
    assert slopes(functional.sigmoid, [1e3]).item() == 0


def test_he_keeps_the_signal() -> None:
    """He's weights make up for what ReLU leaves; Glorot's, of square kernels, don't."""
    left = gain_of("relu").second_moment
    assert initializer_for("relu").scale * left == pytest.approx(1)
    assert keras.initializers.GlorotUniform().scale * left == pytest.approx(0.5)


def test_dead_relu() -> None:
    dead = [-4.0, -0.5]
    assert (slopes(functional.relu, dead) == 0).all()
    for alive in (functional.leaky_relu, lambda x: functional.prelu(x, 0.25)):
        assert (slopes(alive, dead) > 0).all()
    assert (slopes(functional.elu, dead) > 0).all()


def test_elu_is_nearer_to_zero_mean() -> None:
    assert 0 < gain_of("elu").mean < gain_of("relu").mean / 2


def operators(layer: Any) -> set[str]:
    """The ONNX operators of an activation."""
    export = importlib.import_module("keras_acts.export")
    model = keras.Sequential([keras.Input((4,)), layer])
    return {node.op_type for node in export.to_onnx(model).graph.node}


TRANSCENDENTAL = {"Exp", "Elu", "Erf", "Sigmoid", "Tanh", "Log", "Softplus"}


@pytest.mark.runs_once("the exported files are the same")
def test_leaky_relu_is_cheaper_than_elu() -> None:
    assert not operators(layers.LeakyReLU()) & TRANSCENDENTAL
    assert operators(layers.ELU()) & TRANSCENDENTAL


@pytest.mark.runs_once("the exported files are the same")
def test_hard_swish_has_no_exponential() -> None:
    assert not operators(layers.HardSwish()) & TRANSCENDENTAL
    assert operators(layers.Swish()) & TRANSCENDENTAL


def test_swish_is_smooth() -> None:
    step = 1e-3
    left, at, right = slopes(functional.swish, [-step, 0.0, step])
    assert right - left < 4 * step
    assert at == pytest.approx(0.5)
    assert slopes(functional.swish, [-1.0]).item() != 0
    left, right = slopes(functional.relu, [-step, step])
    assert right - left == 1


def normalized_stack(activation: Any, scale: float) -> np.ndarray:
    """What is behind 50 layers of 300 units."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((64, 300), dtype="float32")
    for _ in range(50):
        kernel = rng.standard_normal((300, 300), dtype="float32")
        x = (x @ kernel) * np.float32((scale / 300) ** 0.5)
        x = ops.convert_to_numpy(activation(x))
    return x.astype(np.float64)


def test_selu_normalizes() -> None:
    found = gain_of("selu")
    assert found.mean == pytest.approx(0, abs=1e-9)
    assert found.second_moment == pytest.approx(1, rel=1e-9)
    assert found.sensitivity < 1
    selu, relu = (
        normalized_stack(functional.selu, 1),
        normalized_stack(functional.relu, 2),
    )
    assert abs(selu.mean()) < 0.1
    assert 0.7 < selu.var() < 1.3
    assert relu.mean() > 0.3 * relu.std()


def test_alpha_dropout_keeps_moments() -> None:
    rng = np.random.default_rng(5)
    x = ops.convert_to_numpy(
        functional.selu(rng.standard_normal((400, 400), "float32"))
    )
    for cls, keeps in (
        (keras.layers.AlphaDropout, True),
        (keras.layers.Dropout, False),
    ):
        y = array(cls(0.2, seed=1)(x, training=True))
        assert (abs(y.var() - 1) < 0.05) == keeps


def test_tanh_bounds_the_state() -> None:
    kernel = 3 * np.eye(4, dtype="float32")
    bounded = growing = np.ones((1, 4), "float32")
    for _ in range(20):
        bounded = ops.convert_to_numpy(functional.tanh(bounded @ kernel))
        growing = ops.convert_to_numpy(functional.relu(growing @ kernel))
    assert bounded.max() <= 1
    assert growing.max() > 1e9


def test_gates_open_and_close() -> None:
    shut, open_ = array(functional.sigmoid([-20.0, 20.0]))
    assert shut < 1e-8
    assert open_ == pytest.approx(1)


def test_fused_recurrence() -> None:
    """Keras says so of cuDNN's kernels, and has both as defaults."""
    for cls in (keras.layers.LSTM, keras.layers.GRU):
        layer = cls(4)
        assert layer.activation is keras.activations.tanh
        assert layer.recurrent_activation is keras.activations.sigmoid
        said = " ".join((cls.__doc__ or "").split())
        assert "`activation` == `tanh` 2. `recurrent_activation` == `sigmoid`" in said


def test_relu6_is_bounded() -> None:
    assert array(functional.relu6([1e30])).item() == 6


def test_sine_has_sines_as_derivatives() -> None:
    x = np.linspace(-1, 1, 9, dtype="float32")
    found = slopes(lambda x: functional.sine(x, frequency=2.0), x)
    shifted = functional.sine(x + np.float32(np.pi / 4), frequency=2.0)
    np.testing.assert_allclose(found, 2 * array(shifted), atol=1e-5)


def test_snake_repeats() -> None:
    x = np.linspace(-2, 2, 9, dtype="float32")
    later = array(functional.snake(x + np.float32(np.pi), frequency=1.0))
    np.testing.assert_allclose(later, array(functional.snake(x)) + np.pi, atol=1e-5)


def test_sigmoid_vanishes() -> None:
    x = np.linspace(-8, 8, 101, dtype="float32")
    assert slopes(functional.sigmoid, x).max() == pytest.approx(0.25)

    def stack(x: Any) -> Any:
        for _ in range(6):
            x = functional.sigmoid(x)
        return x

    assert slopes(stack, x).max() < 0.25**6


def test_relu_is_sparse() -> None:
    x = np.random.default_rng(1).standard_normal((10_000,), dtype="float32")
    share = (array(functional.relu(x)) == 0).mean()
    assert share == pytest.approx(0.5, abs=0.03)
    assert (array(functional.elu(x)) != 0).all()
