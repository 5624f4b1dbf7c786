"""The gradient where several elements, or both sides of a kink, have equal claims."""

import numpy as np
import pytest

from keras_acts import functional
from support.gradients import value_and_vjp

TIES = {
    "pieces share equally": (
        lambda x: functional.channel_maxout(x, 2),
        [[1.0, 1.0, 2.0, -3.0, -3.0, -3.0]],
        [[0.0, 0.0, 1.0, 1 / 3, 1 / 3, 1 / 3]],
    ),
    "a closed gate is flat": (
        functional.reglu,
        [[3.0, 5.0, 0.0, 2.0]],
        [[0.0, 2.0, 0.0, 5.0]],
    ),
    "zero probability is outside of the support of sparsemax": (
        lambda x: functional.sparsemax(x)[..., :1],
        [[1.0, 0.0]],
        [[0.0, 0.0]],
    ),
    "equal elements share one support": (
        lambda x: functional.sparsemax(x)[..., :1],
        [[1.0, 1.0]],
        [[0.5, -0.5]],
    ),
    "zero probability is outside of the support of entmax": (
        lambda x: functional.entmax15(x)[..., :1],
        [[2.0, 0.0]],
        [[0.0, 0.0]],
    ),
    "equal elements of entmax": (
        lambda x: functional.entmax15(x)[..., :1],
        [[1.0, 1.0]],
        [[0.5**1.5, -(0.5**1.5)]],
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TIES)
def test_gradient(name, dtype):
    function, x, want = TIES[name]
    _, (gradient,) = value_and_vjp(function, [np.array(x, dtype)])
    np.testing.assert_allclose(gradient, want, rtol=1e-6, atol=1e-7)


def test_pieces_of_maxout_share_equally():
    x = np.array([[1.0, 2.0]], "float32")
    kernel = np.ones((2, 2), "float32")
    _, gradients = value_and_vjp(functional.maxout, [x, kernel])
    np.testing.assert_allclose(gradients[0], [[1.0, 1.0]])
    np.testing.assert_allclose(gradients[1], [[0.5, 0.5], [1.0, 1.0]])
