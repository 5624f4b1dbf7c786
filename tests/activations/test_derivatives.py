"""Derivatives of both orders in every mode of each backend, against mpmath."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from mpmath import mp

from keras_acts import functional
from support import floats
from support.derivatives import derivatives
from support.gradients import value_and_vjp
from support.reference import numbers
from support.rows import ELEMENTWISE, each_row, one_of_each_kind
from support.sweep import weights_of

pytestmark = pytest.mark.filterwarnings(
    # torch scripts its own decompositions when they are first asked for.
    "ignore:.*torch.jit:DeprecationWarning"
)

SIZES = (1e-30, 1e-3, 0.3, 1.0, 2.5, 7.0, 20.0, 100.0, 1e4, 1e30)
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
"""Of a derivative or of 1, whichever is larger: a few roundings of terms near 1."""
LARGEST_CHECKED = 1e30
"""A second derivative above is infinite, or rounded as its argument."""


def _points(case, dtype):
    """Return points of all sizes, without kinks and places where a formula changes."""
    largest = floats.largest(dtype) / 2
    points = [0.0, -0.0, *(s * x for x in (*SIZES, largest) for s in (1, -1))]
    x = floats.rounded(points, dtype)
    ends = floats.rounded([*case.kinks, *filter(None, case.marks)], dtype)
    return x[~np.isin(x, ends)]


def _function(case, dtype):
    """Return the activation as a function of x, and its other arguments in mpmath."""
    given = case.kwargs if case.function_kwargs is None else case.function_kwargs
    own = numbers(case, dtype)
    weights = {name: w.flat[0] for name, w in weights_of(case, dtype).items()}
    tensors = {k: ops.convert_to_tensor(w, dtype=dtype) for k, w in weights.items()}
    fixed = {name: value for name, value in given.items() if name in own}

    def function(x):
        return case.row.function(x, **fixed, **tensors)

    exact = {
        name: mp.mpf(float(v)) if isinstance(v, float | np.floating) else v
        for name, v in {**own, **weights}.items()
    }
    return function, exact


def _differences(case, x, arguments):
    """Return both derivatives at a point by central differences of small steps."""
    size = abs(x) if abs(x) > 1e-20 else 1.0
    with mp.workdps(200 + int(4 * abs(np.log10(size)))):
        x = mp.mpf(x)
        step = mp.ldexp(mp.mpf(size), -130)
        low, middle, high = (
            mp.mpf(case.value(y, **arguments)) for y in (x - step, x, x + step)
        )
        first, second = (high - low) / (2 * step), (high - 2 * middle + low) / step**2
        return float(first), float(second)


def _is_jump(case, x, arguments):
    """Tell whether the second derivative at a point differs on both sides."""
    if x != 0:
        return False
    sides = [_differences(case, side, arguments)[1] for side in (-1e-9, 1e-9)]
    return abs(sides[0] - sides[1]) > 1e-6 * max(1, *map(abs, sides))


def _expected(case, x, arguments):
    """Return both derivatives at each point; NaN where there is no second one."""
    found = np.array([_differences(case, float(one), arguments) for one in x])
    jumps = [_is_jump(case, float(one), arguments) for one in x]
    found[jumps, 1] = np.nan
    return found.T


def _check(case, dtype):
    x = _points(case, dtype)
    function, arguments = _function(case, dtype)
    want = _expected(case, x, arguments)
    bound = TOLERANCE[dtype]
    for mode, (order, got) in derivatives(function, x).items():
        true = want[order - 1]
        known = np.abs(true) < LARGEST_CHECKED
        assert np.isfinite(got[known | np.isnan(true)]).all(), (mode, x, got)
        np.testing.assert_allclose(
            got[known], true[known], bound, bound, err_msg=f"{mode} at {x[known]}"
        )


@pytest.mark.parametrize("dtype", ["float32"])
@each_row(one_of_each_kind(ELEMENTWISE))
def test_every_mode(case, dtype):
    _check(case, dtype)


@pytest.mark.sweep  # two minutes on each backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_row(ELEMENTWISE)
def test_every_mode_of_every_row(case, dtype):
    _check(case, dtype)


@pytest.mark.parametrize("dtype", ["float32"])
@each_row(ELEMENTWISE)
def test_a_large_upstream_gradient_does_not_overflow_on_the_way(case, dtype):
    x = _points(case, dtype)
    function, arguments = _function(case, dtype)
    upstream = np.full_like(x, floats.largest(dtype) / 8)
    _, (got,) = value_and_vjp(function, [x], upstream)
    first = np.array([_differences(case, float(one), arguments)[0] for one in x])
    fits = np.abs(first) < 7
    bound = 2 * TOLERANCE[dtype]
    ratio = got[fits].astype("float64") / upstream[0].astype("float64")
    np.testing.assert_allclose(ratio, first[fits], bound, bound, err_msg=f"{x[fits]}")


INFINITE_SLOPES = {
    "prelu": ([2.0, 3.0], {"alpha": np.inf}, [1.0, 1.0]),
    "srelu": (
        [0.5, 0.25],
        {"t_left": 0.0, "a_left": np.inf, "t_right": 1.0, "a_right": -np.inf},
        [1.0, 1.0],
    ),
}


@pytest.mark.parametrize("slope", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", INFINITE_SLOPES)
def test_a_slope_that_is_not_taken_does_not_matter(name, slope):
    x, arguments, want = INFINITE_SLOPES[name]
    weights = [
        np.full(2, v if np.isfinite(v) else slope, "float32")
        for v in arguments.values()
    ]
    function = getattr(functional, name)
    y, gradients = value_and_vjp(function, [np.array(x, "float32"), *weights])
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(gradients[0], want)
    for gradient in gradients[1:]:
        np.testing.assert_array_equal(gradient, [0, 0])


@pytest.mark.parametrize("frequency", [1e-38, 1e-30, 1e-10, 1e10, 1e30])
def test_snake_of_extreme_frequencies(frequency):
    x = np.array([0.5, -3.0, 1e3], "float32")
    f = np.full_like(x, frequency)
    y, (by_x, by_frequency) = value_and_vjp(functional.snake, [x, f])
    phase = np.float32(f) * x.astype("float64")
    rounded = (f * x).astype("float64")
    near = np.minimum(np.abs(phase), 2.0**53) * np.sign(phase)
    wave = np.sin(rounded) if frequency > 1 else np.sin(near)
    np.testing.assert_allclose(y, x + wave**2 / frequency, 1e-6)
    assert np.isfinite(by_x).all()
    assert (np.abs(by_x - 1) <= 1).all()
    assert np.isfinite(by_frequency).all()
    if frequency < 1e-9:
        np.testing.assert_allclose(by_x, np.ones(3), 1e-4)
        np.testing.assert_allclose(by_frequency, x**2, 1e-4)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX takes its numbers")
@each_row(one_of_each_kind(ELEMENTWISE))
def test_numbers_of_python(case):
    import jax

    function, _ = _function(case, "float32")
    x = 0.375
    tensor = jax.numpy.float32(x)
    for derivative in (jax.grad(function), jax.grad(jax.grad(function))):
        np.testing.assert_allclose(derivative(x), derivative(tensor), 1e-6)
    number, _ = jax.jvp(function, (x,), (1.0,))
    np.testing.assert_allclose(number, function(tensor), 1e-6)


SMALL = -np.array([1e-8, 1e-6, 1e-4, 1e-2, 3.0] * 8, "float32")


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="it is torch's compiler")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("elu", {}),
        ("elu", {"alpha": 0.5}),
        ("selu", {}),
        ("celu", {}),
        ("celu", {"alpha": 2.5}),
        ("pelu", {"alpha": 1.0, "beta": 2.0}),
    ],
)
def test_small_numbers_do_not_cancel_where_compiled(name, arguments):
    import torch

    function = getattr(functional, name)
    x = torch.tensor(SMALL)
    got = torch.compile(lambda x: function(x, **arguments))(x)
    want = function(x.double(), **arguments)
    np.testing.assert_allclose(got.numpy(), want.numpy(), 1e-6)
