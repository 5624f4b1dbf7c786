"""Entmax of any alpha: its limits, its derivatives, and where alpha may vary."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import functional, layers
from support.cases.softmax import entmax
from support.derivatives import derivatives
from support.export_check import check_model
from support.gradients import value_and_vjp
from support.models import random

pytestmark = pytest.mark.filterwarnings(
    # torch scripts its own decompositions when they are first asked for.
    "ignore:.*torch.jit:DeprecationWarning"
)

X = np.array([0.9, -0.4, 1.3, -2.0, 0.2, 1.1])
COTANGENT = np.array([1.0, -2.0, 0.5, 3.0, -1.5, 0.25])
STEP = 1e-4


def _of(x, alpha):
    return np.dot(COTANGENT, entmax(x, alpha))


def _derivatives_of_alpha(alpha):
    low, middle, high = (_of(X, alpha + step) for step in (-STEP, 0, STEP))
    return (high - low) / (2 * STEP), (high - 2 * middle + low) / STEP**2


def _array(y):
    return ops.convert_to_numpy(y)


def _weighted_sums(alpha):
    """Return for each alpha what it makes of the same vector."""
    alpha = ops.expand_dims(alpha, -1)
    x = ops.zeros_like(alpha) + ops.convert_to_tensor(X, dtype=alpha.dtype)
    y = functional.entmax(x, alpha)
    return ops.sum(y * ops.convert_to_tensor(COTANGENT, dtype=alpha.dtype), axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64"])
def test_derivatives_of_alpha_in_every_mode(dtype):
    alphas = np.array([1.2, 1.4, 1.6], dtype)
    want = np.transpose([_derivatives_of_alpha(alpha) for alpha in alphas])
    for mode, (order, got) in derivatives(_weighted_sums, alphas).items():
        np.testing.assert_allclose(got, want[order - 1], 1e-5, 1e-5, err_msg=mode)


@pytest.mark.parametrize("dtype", ["float64"])
def test_derivative_of_alpha_at_the_softmax_is_its_limit(dtype):
    """Of `log(1 + e y) / e` it is `-y²/2`, with y the logarithm of the softmax."""
    one = np.array([1.0], dtype)
    _, (_, got) = value_and_vjp(functional.entmax, [X, one], COTANGENT)
    p = np.exp(X) / np.exp(X).sum()
    square = np.log(p) ** 2
    want = np.dot(COTANGENT, p * (np.dot(p, square) - square)) / 2
    np.testing.assert_allclose(got, [want], 1e-6)


@pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0])
def test_what_is_found_by_steps_is_what_is_found_exactly(alpha):
    x = random(5, 40)
    exact = _array(functional.entmax(x, alpha))
    found = _array(functional.entmax(x, np.array([alpha], "float32")))
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-6)
    assert ((found == 0) == (exact == 0)).mean() > 0.98


def test_a_larger_alpha_is_sparser():
    x = random(8, 50)
    support = [
        int((_array(functional.entmax(x, alpha)) > 0).sum())
        for alpha in (1.0, 1.25, 1.5, 1.75, 2.0, 3.0)
    ]
    assert support == sorted(support, reverse=True)
    assert len(set(support)) == len(support)


@pytest.mark.parametrize(
    ("alpha", "axis"), [(np.full((1, 3, 1), 1.5), 1), (np.full(4, 1.5), -1)]
)
def test_an_alpha_that_varies_along_the_axis_is_refused(alpha, axis):
    with pytest.raises(ValueError, match=r"`alpha` must be .* Received: alpha\.shape"):
        functional.entmax(np.zeros((2, 3, 4), "float32"), alpha, axis)


def test_each_head_has_an_alpha():
    layer = layers.Entmax(alpha=1.25, learnable=True, shared_axes=(-2, -1))
    x = random(2, 3, 4, 5)
    layer.build(x.shape)
    assert tuple(layer.logit.shape) == (3, 1, 1)
    logits = np.array([-1.0, 0.0, 2.0])
    layer.logit.assign(logits.reshape(3, 1, 1))
    y = _array(layer(x))
    for head, logit in enumerate(logits):
        want = entmax(x[:, head].astype("float64"), 1 + 1 / (1 + np.exp(-logit)))
        np.testing.assert_allclose(y[:, head], want, rtol=0, atol=3e-6)


def test_a_learned_alpha_begins_where_it_is_told():
    layer = layers.Entmax(alpha=1.75, learnable=True)
    np.testing.assert_allclose(_array(ops.sigmoid(layer.logit)), 0.75, 1e-6)
    twin = layers.Entmax.from_config(layer.get_config())
    np.testing.assert_array_equal(_array(twin.logit), _array(layer.logit))


@pytest.mark.files_differ("the backend computes alpha from its weight, to an ulp")
@pytest.mark.parametrize("target", ["cpu", "portable"])
def test_an_alpha_a_head_and_a_mask_are_exported(target):
    x, mask = keras.Input((3, 4, 5)), keras.Input((1, 1, 5), dtype="bool")
    layer = layers.Entmax(alpha=1.25, learnable=True, shared_axes=(-2, -1))
    model = keras.Model([x, mask], layer(x, mask=mask))
    layer.logit.assign(np.array([-1.0, 0.0, 2.0]).reshape(3, 1, 1))
    check_model(model, target=target)
