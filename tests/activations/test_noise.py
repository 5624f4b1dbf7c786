"""The noise of GumbelSoftmax: there in training only, and of the right distribution."""

import keras
import numpy as np
from keras import ops

from keras_acts import functional, layers
from support.gradients import value_and_vjp

LOGITS = np.array([0.5, -1.0, 2.0], "float32")


def _draws(count=20_000, **kwargs):
    layer = layers.GumbelSoftmax(seed=7, **kwargs)
    x = np.broadcast_to(LOGITS, (count, 3))
    return ops.convert_to_numpy(layer(x, training=True))


def test_the_largest_element_is_a_draw_of_the_softmax():
    shares = np.bincount(_draws().argmax(axis=1), minlength=3) / 20_000
    want = np.exp(LOGITS) / np.exp(LOGITS).sum()
    np.testing.assert_allclose(shares, want, atol=0.015)


def test_hard_draws_are_one_hot_with_the_smooth_gradient():
    assert set(np.unique(_draws(100, hard=True))) == {0.0, 1.0}
    cotangent = np.array([1.0, 2.0, -1.0], "float32")
    gradients = [
        value_and_vjp(
            lambda x, hard=hard: functional.gumbel_softmax(x, hard=hard),
            [LOGITS],
            cotangent,
        )[1][0]
        for hard in (True, False)
    ]
    np.testing.assert_allclose(*gradients, rtol=1e-6)


def test_inference_is_the_same_each_time():
    layer = layers.GumbelSoftmax(hard=True)
    x = keras.random.normal((5, 4), seed=3)
    first, second = (ops.convert_to_numpy(layer(x)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(
        first, np.eye(4)[ops.convert_to_numpy(x).argmax(axis=1)]
    )
