"""Learned parameters at the border of their range."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import functional, layers
from support.gradients import value_and_vjp

SMALLEST = {"alpha": 0.1, "beta": 0.1}


def test_training_keeps_pelu_at_its_smallest_parameters():
    layer = layers.PELU()
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.SGD(100.0), "mae", jit_compile=False)
    x = np.random.default_rng(1).normal(0, 3, (32, 4)).astype("float32")
    for sign in (-100, 100):
        model.train_on_batch(x, sign * np.sign(x))
        for name, smallest in SMALLEST.items():
            weight = ops.convert_to_numpy(getattr(layer, name))
            assert np.isfinite(weight).all()
            assert (weight >= np.float32(smallest)).all()


def test_constraint_of_pelu_can_be_taken_away():
    layer = layers.PELU(alpha_constraint=None, beta_constraint="non_neg")
    restored = layers.PELU.from_config(layer.get_config())
    assert restored.alpha_constraint is None
    assert isinstance(restored.beta_constraint, keras.constraints.NonNeg)
    again = layers.PELU.from_config(layers.PELU().get_config())
    assert again.alpha_constraint.get_config() == {"value": 0.1}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_snake_of_frequency_0_is_its_limit(dtype):
    x = np.linspace(-3, 3, 7, dtype=dtype)
    frequency = np.zeros_like(x)
    y, gradients = value_and_vjp(functional.snake, [x, frequency])
    np.testing.assert_allclose(y, x, rtol=1e-6)
    np.testing.assert_allclose(gradients[0], np.ones_like(x), rtol=1e-6)
    # x + a·x² + …
    np.testing.assert_allclose(gradients[1], np.square(x), rtol=1e-6)
