"""GatedDense: what its weights are at the start, and that it is two dense layers."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import layers
from support.models import random


def _kernel(initializer):
    layer = layers.GatedDense(300, kernel_initializer=initializer)
    layer.build((None, 200))
    return ops.convert_to_numpy(layer.kernel)


@pytest.mark.parametrize("seed", [None, 3])
def test_each_half_is_drawn_as_a_kernel_of_its_own(seed):
    kernel = _kernel(keras.initializers.GlorotUniform(seed))
    limit = np.sqrt(6 / (200 + 300))
    for half in np.split(kernel, 2, axis=1):
        assert np.abs(half).max() <= limit
        np.testing.assert_allclose(half.std(), limit / np.sqrt(3), rtol=0.02)
    assert not np.array_equal(*np.split(kernel, 2, axis=1))


@pytest.mark.parametrize("gate", ["swish", "gelu", "relu", "sigmoid"])
def test_it_is_two_dense_layers(gate):
    x = random(2, 5, 6)
    layer = layers.GatedDense(4, gate=gate)
    y = ops.convert_to_numpy(layer(x))
    a, b = (keras.layers.Dense(4, activation=one) for one in (None, gate))
    halves = np.split(ops.convert_to_numpy(layer.kernel), 2, 1)
    for dense, half in zip((a, b), halves, strict=True):
        dense.build(x.shape)
        dense.set_weights([half, np.zeros(4)])
    want = ops.convert_to_numpy(a(x)) * ops.convert_to_numpy(b(x))
    # Kernels of products sum in orders of their own: some eps of what is summed.
    summed = np.prod([np.abs(x) @ np.abs(half) for half in halves], axis=0)
    assert (np.abs(y - want) <= 4 * np.finfo("float32").eps * summed).all()


def test_as_many_units_as_inputs_by_default():
    assert layers.GatedDense()(random(3, 7)).shape == (3, 7)
