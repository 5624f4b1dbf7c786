"""Properties that hold for every shape, axis and argument."""

import dataclasses

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import ops

from support import floats, reference
from support.reference import assert_right, exactly, numbers
from support.rows import AXIS, CASES, ELEMENTWISE, each_row
from support.sweep import learned_names

pytestmark = pytest.mark.in_turn("shapes and arguments at random")

few = settings(max_examples=5)
"""Each new shape is compiled on JAX; the profile makes all rows see the same ones."""

SIZE = 6
"""Divisible by the numbers of halves, groups and pieces in the rows."""


def _assert_shapes_agree(layer, shape):
    y = layer(np.ones(shape, "float32"))
    symbolic = layer.compute_output_spec(keras.KerasTensor(shape))
    assert tuple(y.shape) == tuple(symbolic.shape)
    assert tuple(y.shape) == tuple(layer.compute_output_shape(shape))
    assert keras.backend.standardize_dtype(y.dtype) == symbolic.dtype


@each_row([case for case in ELEMENTWISE if not learned_names(case)])
def test_any_shape(case):
    layer = case.make()

    @few
    @given(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    def check(shape):
        _assert_shapes_agree(layer, tuple(shape))

    check()


def _has_one_axis(case):
    if "shared_axes" in case.kwargs:  # which belong to the axis of the case
        return False
    return "axis" in case.row.defaults and isinstance(case.kwargs.get("axis", -1), int)


@each_row([case for case in AXIS if _has_one_axis(case)])
def test_any_axis(case):
    @few
    @given(st.integers(2, 4), st.integers(-3, 3).filter(bool))
    def check(rank, axis):
        assume(-rank < axis < rank)
        shape = (SIZE,) * rank
        layer = case.row.layer(**{**case.kwargs, "axis": axis})
        _assert_shapes_agree(layer, shape)
        moved = case.row.layer(**{**case.kwargs, "axis": -1})
        x = np.random.default_rng(1).normal(size=shape).astype("float32")
        y = np.moveaxis(ops.convert_to_numpy(layer(x)), axis, -1)
        want = ops.convert_to_numpy(moved(np.moveaxis(x, axis, -1)))
        np.testing.assert_allclose(y, want, rtol=1e-6, atol=1e-6)

    check()


@each_row([case for case in CASES if learned_names(case)])
def test_any_rank_with_weights(case):
    @few
    @given(st.integers(1, 4))
    def check(axes):
        kwargs = {k: v for k, v in case.kwargs.items() if k != "shared_axes"}
        _assert_shapes_agree(case.row.layer(**kwargs), (2, *(SIZE,) * axes))

    check()


def _scaled(case, factor):
    """Return the case with every float argument, given or default, times a factor."""
    arguments = {
        name: value * factor
        for name, value in numbers(case, "float64").items()
        if isinstance(value, float)
    }
    return dataclasses.replace(
        case,
        kwargs={**case.kwargs, **arguments},
        function_kwargs=None,
        kinks={},
    )


@pytest.mark.parametrize("dtype", ["float64"])
@each_row(
    [
        case
        for case in ELEMENTWISE
        if not learned_names(case) and _scaled(case, 2).kwargs != case.kwargs
    ]
)
def test_any_argument(case, dtype):
    x = floats.rounded(np.random.default_rng(2).normal(0, 4, 32), dtype)

    @given(st.floats(0.5, 2.0))
    def check(factor):
        other = _scaled(case, factor)
        want = exactly(reference.value_at, other, dtype, x, {})
        y = other.row.function(ops.convert_to_tensor(x, dtype=dtype), **other.kwargs)
        got = ops.convert_to_numpy(y)
        assert_right(got, want, dtype, at=x, ulps=case.ulps, absolute=16)

    check()
