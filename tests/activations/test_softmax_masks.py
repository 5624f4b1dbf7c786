"""What a mask drops has probability 0, and its size never matters."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import functional, layers
from support import floats
from support.gradients import value_and_vjp
from support.rows import every_dtype

every_axis = pytest.mark.parametrize("axis", [-1, 1, [-2, -1], [1]])

PROBABILITIES = {"softmax": 1, "softmin": -1}
MASK = np.array([[[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], [[0] * 4] * 3], bool)


def _array(y):
    return ops.convert_to_numpy(y).astype("float64")


def _expected(x, mask, axis):
    """Return the softmax in float64 of the kept elements, 0 elsewhere."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    x = np.where(mask, x.astype("float64"), -np.inf)
    top = np.max(x, axis=axis, keepdims=True, initial=-1e300)
    e = np.where(mask, np.exp(x - top), 0)
    total = e.sum(axis=axis, keepdims=True)
    return e / np.where(total == 0, 1, total)


def _inputs(dtype):
    x = floats.rounded(np.random.default_rng(3).normal(0, 3, MASK.shape), dtype)
    # What is dropped must not matter, however large it is.
    return np.where(MASK, x, x.dtype.type(floats.largest(dtype)))


@every_dtype
@every_axis
@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities_of_what_is_kept(name, axis, dtype):
    sign, x = PROBABILITIES[name], _inputs(dtype)
    function = getattr(functional, name)
    y = _array(function(sign * x, axis=axis, mask=MASK))
    bound = 4 * floats.epsilon(dtype)
    np.testing.assert_allclose(y, _expected(x, MASK, axis), rtol=0, atol=bound)
    assert (y[~MASK] == 0).all()


@every_dtype
@every_axis
def test_log_softmax_is_minus_infinity_where_dropped(axis, dtype):
    x = _inputs(dtype)
    y = _array(functional.log_softmax(x, axis=axis, mask=MASK))
    assert (y[~MASK] == -np.inf).all()
    want = np.log(_expected(x, MASK, axis)[MASK])
    np.testing.assert_allclose(y[MASK], want, rtol=0, atol=16 * floats.epsilon(dtype))


@every_dtype
@every_axis
@pytest.mark.parametrize("name", [*PROBABILITIES, "log_softmax"])
def test_gradient_is_finite_and_zero_where_dropped(name, axis, dtype):
    function = getattr(functional, name)
    cotangent = np.random.default_rng(4).normal(size=MASK.shape)
    cotangent = floats.rounded(cotangent * MASK, dtype)
    _, (gradient,) = value_and_vjp(
        lambda x: function(x, axis=axis, mask=MASK), [_inputs(dtype)], cotangent
    )
    assert np.isfinite(gradient.astype("float64")).all()
    assert (gradient[~MASK] == 0).all()


@pytest.mark.parametrize("lowest", [-6e4, -1e30])
def test_kept_elements_may_be_as_low_as_they_like(lowest):
    x = np.full((1, 2), lowest, "float32")
    y = functional.softmax(x, mask=np.array([[True, False]]))
    np.testing.assert_array_equal(_array(y), [[1, 0]])


def test_numbers_above_a_half_keep():
    x = np.random.default_rng(3).normal(size=MASK.shape).astype("float32")
    numbers = np.where(MASK, 0.75, 0.25).astype("float32")
    np.testing.assert_array_equal(
        _array(functional.softmax(x, mask=numbers)),
        _array(functional.softmax(x, mask=MASK)),
    )


def test_mask_of_time_steps_is_aligned_with_the_leading_axes():
    steps = np.array([[True, True, False], [True, False, False]])
    inputs = keras.layers.Masking()(np.ones((2, 3, 4), "float32") * steps[..., None])
    y = layers.Softmax()(inputs)
    want = np.where(steps[..., None], 0.25, 0.0) * np.ones(4)
    np.testing.assert_array_equal(_array(y), want)
    np.testing.assert_array_equal(_array(y._keras_mask), steps)


def test_trailing_axes_come_first():
    x = np.zeros((2, 3, 4), "float32")
    mask = MASK[0]
    want = _expected(x, np.broadcast_to(mask, x.shape), -1)
    np.testing.assert_array_equal(
        _array(functional.softmax(x, mask=mask)), want.astype("float32")
    )


@pytest.mark.parametrize("shape", [(3,), (2, 4), (5, 1, 1), (1, 2, 3, 4)])
def test_mask_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"`mask` must .* Received: mask\.shape="):
        functional.softmax(np.zeros((2, 3, 4), "float32"), mask=np.ones(shape, bool))


def test_symbolic_mask_of_unknown_size():
    x = keras.Input((None, None))
    mask = keras.Input((None, None), dtype="bool")
    model = keras.Model([x, mask], layers.Softmax()(x, mask=mask))
    values = np.random.default_rng(3).normal(size=MASK.shape).astype("float32")
    np.testing.assert_allclose(
        _array(model([values, MASK])), _expected(values, MASK, -1), rtol=0, atol=1e-6
    )


SPARSE = [
    ("sparsemax", {}),
    ("entmax15", {}),
    ("softmax_one", {}),
    ("entmax", {"alpha": 1.25}),
    ("entmax", {"alpha": 1.75}),
]
ENTMAX = functools.partial(layers.Entmax, alpha=1.25)


@every_dtype
@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize(("name", "arguments"), SPARSE)
def test_sparse_distributions_of_what_is_kept(name, arguments, axis, dtype):
    """What is kept gives what it gives without the rest."""
    function = functools.partial(getattr(functional, name), **arguments)
    x = _inputs(dtype)
    y = _array(function(x, axis=axis, mask=MASK))
    assert (y[~MASK] == 0).all()
    rows = zip(
        *(np.moveaxis(one, axis, -1).reshape(-1, one.shape[axis]) for one in (x, MASK)),
        np.moveaxis(y, axis, -1).reshape(-1, y.shape[axis]),
        strict=True,
    )
    for row, kept, got in rows:
        if kept.any():
            want = _array(function(row[kept]))
            bound = 4 * floats.epsilon(dtype)
            np.testing.assert_allclose(got[kept], want, rtol=0, atol=bound)


@pytest.mark.parametrize("layer", [layers.Sparsemax, layers.Entmax15, ENTMAX])
def test_layers_of_one_axis_take_the_mask_of_time_steps(layer):
    x = _inputs("float32")
    steps = np.array([[1, 1, 0], [0, 0, 0]], bool)
    y = _array(layer(axis=1)(x, mask=steps))
    assert (y[~steps] == 0).all()
    np.testing.assert_allclose(y[0].sum(axis=0), np.ones(4), rtol=1e-6)
