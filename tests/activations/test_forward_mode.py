"""Derivatives in forward mode on torch, and through a gradient: the hessian."""

import keras
import numpy as np
import pytest
import torch

from keras_acts import functional

pytestmark = [
    pytest.mark.skipif(
        keras.backend.backend() != "torch", reason="it differentiates torch's tensors"
    ),
    # torch scripts its own decompositions when they are first asked for.
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
]

FUNCTIONS = ("gelu", "mish", "sigmoid", "softsign", "swish", "tanh")
POINTS = (-3.0, -0.5, 0.7, 2.0)


def _second_derivative(function, x):
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
    return torch.autograd.grad(gradient.sum(), x)[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_hessian_holds_the_second_derivatives(name):
    function = getattr(functional, name)
    x = torch.tensor(POINTS, dtype=torch.float64)
    hessian = torch.func.hessian(lambda x: function(x).sum())(x)
    want = np.diag(_second_derivative(function, x).numpy())
    np.testing.assert_allclose(hessian.numpy(), want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("slope", [0.25, 3.0])
def test_tangents_of_prelu(slope):
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    alpha = torch.tensor(slope, dtype=torch.float64, requires_grad=True)
    directions = torch.ones_like(x), torch.ones_like(alpha)
    _, tangent = torch.func.jvp(functional.prelu, (x, alpha), directions)
    want = [1.0 if p > 0 else slope + p for p in POINTS]
    np.testing.assert_allclose(tangent.detach().numpy(), want, rtol=1e-12)
