"""Activations that mix elements along axes, against NumPy in float64."""

import numpy as np
import pytest
from keras import ops

from support import floats
from support.gradients import value_and_vjp
from support.reference import numbers
from support.rows import AXIS, each_row, every_dtype
from support.sweep import weights_of
from support.tolerances import DIFFERENCES

STEP = 1e-5


def _layer(case, dtype, shape):
    layer = case.make(dtype=dtype)
    layer.build(shape)
    case.set_weights(layer)
    return layer


@np.errstate(over="ignore")
def _reference(case, dtype, x):
    learned = {k: w.astype("float64") for k, w in weights_of(case, dtype).items()}
    return case.value(x.astype("float64"), **{**numbers(case, dtype), **learned})


def _assert_like_reference(case, dtype, x):
    x = floats.rounded(x, dtype)
    want = np.asarray(_reference(case, dtype, x))
    y = ops.convert_to_numpy(_layer(case, dtype, x.shape)(x))
    assert y.dtype == floats.numpy_dtype(dtype)
    largest = np.max(np.abs(want), initial=0, where=np.isfinite(want))
    bound = case.ulps * floats.ulp(np.asarray(largest), dtype)
    np.testing.assert_allclose(y.astype("float64"), want, rtol=0, atol=bound)


@every_dtype
@each_row(AXIS)
def test_random_numbers(case, dtype):
    rng = np.random.default_rng(5)
    for scale in (0.1, 3.0):
        _assert_like_reference(case, dtype, rng.normal(0, scale, case.shape))


@every_dtype
@each_row(AXIS)
def test_zeros_tiny_and_large_numbers(case, dtype):
    tiny = floats.tiny(dtype)
    large = floats.largest(dtype) ** 0.5 / 4  # its products with itself are finite
    points = [0.0, -0.0, tiny, -tiny, 1.0, large, -large]
    _assert_like_reference(case, dtype, np.resize(points, case.shape))


@every_dtype
@each_row([case for case in AXIS if case.inputs])
def test_special_inputs(case, dtype):
    for x in case.inputs.values():
        _assert_like_reference(case, dtype, np.asarray(x, "float64"))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@each_row([case for case in AXIS if case.inputs])
def test_gradient_is_finite_at_special_inputs(case, dtype):
    for name, x in case.inputs.items():
        x = floats.rounded(x, dtype)
        if np.isfinite(x).all():
            layer = _layer(case, dtype, x.shape)
            _, (gradient,) = value_and_vjp(layer, [x])
            assert np.isfinite(gradient.astype("float64")).all(), name


@each_row([case for case in AXIS if case.vectors])
def test_published_vectors(case):
    for x, want in case.vectors:
        x = np.asarray(x, "float32")
        y = ops.convert_to_numpy(_layer(case, "float32", x.shape)(x))
        # Published to four digits.
        np.testing.assert_allclose(y, want, rtol=0, atol=5e-5)


@pytest.mark.parametrize("dtype", ["float64"])
@each_row(AXIS)
def test_gradient_is_that_of_central_differences(case, dtype):
    rng = np.random.default_rng(6)
    x = rng.normal(0, 2, case.shape)
    layer = _layer(case, dtype, x.shape)
    y, _ = value_and_vjp(layer, [x])
    cotangent = rng.normal(size=y.shape)
    _, (gradient,) = value_and_vjp(layer, [x], cotangent)
    want = np.empty_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = STEP
        above, below = (_reference(case, dtype, x + s) for s in (step, -step))
        want[index] = np.sum(cotangent * (above - below)) / (2 * STEP)
    np.testing.assert_allclose(
        gradient, want, rtol=DIFFERENCES[dtype], atol=DIFFERENCES[dtype]
    )


@every_dtype
@each_row(
    [case for case in AXIS if case.row.function and not weights_of(case, "float32")]
)
def test_layer_gives_what_its_function_gives(case, dtype):
    x = floats.rounded(np.random.default_rng(8).normal(0, 3, case.shape), dtype)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(_layer(case, dtype, x.shape)(x)),
        ops.convert_to_numpy(
            case.row.function(
                ops.convert_to_tensor(x, dtype=dtype), **numbers(case, dtype)
            )
        ),
    )


@every_dtype
@each_row(AXIS)
def test_nan_gives_nan(case, dtype):
    x = floats.rounded(np.random.default_rng(9).normal(size=case.shape), dtype)
    x.flat[1] = np.nan
    y = ops.convert_to_numpy(_layer(case, dtype, x.shape)(x))
    assert np.isnan(y.astype("float64")).any()
