"""Gradients of the activations of each element alone, against mpmath."""

import dataclasses

import numpy as np
import pytest

from support import reference
from support.gradients import value_and_vjp
from support.reference import alternatives, assert_right, exactly
from support.rows import ELEMENTWISE, each_row, every_dtype
from support.sweep import call, learned_names, sweep


@every_dtype
@each_row(ELEMENTWISE)
def test_gradient_in_each_binade_at_edges_and_kinks(case, dtype):
    s = sweep(case, dtype)
    question = (reference.derivative_at, case, dtype, s.x, s.weights)
    want = exactly(*question)
    _, (got,) = value_and_vjp(s.function, [s.x])
    assert_right(
        got,
        want,
        dtype,
        at=s.x,
        ulps=case.gradient_ulps,
        absolute=case.gradient_absolute,
        or_else=alternatives(*question, want),
    )


@pytest.mark.parametrize("dtype", ["float64"])
@each_row([case for case in ELEMENTWISE if learned_names(case)])
def test_gradient_of_each_weight(case, dtype):
    x = np.random.default_rng(3).normal(0, 3, 256)
    x = x[np.min([np.abs(x - kink) for kink in (*case.kinks, 0)], axis=0) > 1e-3]
    weights = {
        name: np.full(x.shape, np.ravel(value)[0])
        for name, value in sweep(case, dtype).weights.items()
    }
    inputs = [x, *weights.values()]
    _, got = value_and_vjp(lambda x, *w: call(case, dtype, x, w), inputs)
    for name, gradient in zip(weights, got[1:], strict=True):
        want = exactly(
            reference.derivative_at,
            _of_weight(case, name),
            dtype,
            weights[name],
            {**weights, name: x},
        )
        assert_right(gradient, want, dtype, at=x, ulps=64, absolute=16)


def _of_weight(case, name):
    """Return the case as a function of a weight: the two change places."""

    def value(x, **arguments):
        return case.value(arguments.pop(name), **{**arguments, name: x})

    return dataclasses.replace(case, value=value, kinks={})
