"""Values and gradients against torch.nn.functional, whatever the backend."""

import numpy as np
import pytest
import torch

from support.gradients import value_and_vjp
from support.reference import numbers
from support.rows import AXIS, ELEMENTWISE, each_row
from support.sweep import call, weights_of
from support.tolerances import TORCH, assert_within_epsilons

both_dtypes = pytest.mark.parametrize("dtype", TORCH)


def _arguments(case, dtype):
    weights = weights_of(case, dtype)
    learned = {name: torch.tensor(np.array(w)) for name, w in weights.items()}
    return {**numbers(case, dtype), **learned}, tuple(weights.values())


def _torch_value_and_gradient(case, x, arguments, cotangent):
    leaf = torch.tensor(x, requires_grad=True)
    y = case.torch(leaf, **arguments)
    (gradient,) = torch.autograd.grad(y, leaf, torch.tensor(cotangent))
    return y.detach().numpy(), gradient.numpy()


def _check(case, dtype, x, is_smooth):
    arguments, weights = _arguments(case, dtype)

    def function(x):
        return call(case, dtype, x, weights)

    shape = value_and_vjp(function, [x])[0].shape
    cotangent = np.random.default_rng(13).normal(size=shape).astype(dtype)
    y, (gradient,) = value_and_vjp(function, [x], cotangent)
    want, torch_gradient = _torch_value_and_gradient(case, x, arguments, cotangent)
    assert_within_epsilons(y, want, dtype, TORCH)
    # torch rounds the constants of some gradients to float32, in float64 too.
    assert_within_epsilons(
        gradient[is_smooth], torch_gradient[is_smooth], "float32", TORCH
    )


@both_dtypes
@each_row([case for case in ELEMENTWISE if case.torch])
def test_elementwise(case, dtype):
    rng = np.random.default_rng(11)
    x = np.concatenate([rng.normal(0, 1, 60), rng.normal(0, 8, 60)]).astype(dtype)
    kinks = np.array([*case.kinks], dtype)
    x[: kinks.size] = kinks
    if any(w.size > 1 for w in weights_of(case, dtype).values()):
        x = x.reshape(-1, *case.shape[1:])
    _check(case, dtype, x, case.torch_gradient | ~np.isin(x, kinks))


@both_dtypes
@each_row([case for case in AXIS if case.torch])
def test_along_axes(case, dtype):
    x = np.random.default_rng(12).normal(0, 3, case.shape).astype(dtype)
    _check(case, dtype, x, np.full(x.shape, True))
