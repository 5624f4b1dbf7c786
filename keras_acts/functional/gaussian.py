"""The gaussian family: inputs weighted by their normal distribution."""

import math
from typing import Any

from keras import ops

from keras_acts._checks import one_of
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional.sigmoid import swish

TAIL = (
    *(0.139621306, 0.139863529, 0.119821185, 0.105552926, -0.0232133915),
    *(0.15932125, -0.255840399, 0.144031609, -0.0291580299),
)
"""Φ(-t) exp(t²/2) is s P(s) for s = 1/(1 + 0.35 t), up to 3e-8 of itself for t up
to 14: least squares, weighted until the extrema of the error were even."""


def _by_erf(x: Tensor) -> Tensor:
    if _numerics.compiles_torch() and x.dtype.itemsize == 4:
        # One loop with one exponential; the compiler has no fast erfc.
        return _numerics.with_gradient(_product, _product_pullback, x)
    return _numerics.with_gradient(_exact, gelu_pullback, x)


def _exact(x: Tensor) -> Tensor:
    x = _clipped(x)
    if _numerics.runs_on("tensorflow"):
        # The order of products in which LiteRT's converter knows its own GELU: it has
        # no erfc.
        return (x * 0.5) * _numerics.erfc(-x * math.sqrt(0.5))
    return x * _distribution(x)


def gelu_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    """Return a gradient times the derivative of the exact form."""
    x = _clipped(x, 1000.0)  # from where on the density is 0
    if not _numerics.differentiates_again():
        import torch

        return torch.ops.aten.gelu_backward(gradient, x)
    distribution = _numerics.with_gradient(_distribution, _density_pullback, x)
    return gradient * (distribution + x * _density(x))


def _clipped(x: Tensor, high: float = math.inf) -> Tensor:
    # Below -1000 each form of GELU is 0 in every dtype; the clip gives -inf its limit.
    return _numerics.clip(x, -1000.0, high)


def _distribution(x: Tensor) -> Tensor:
    # erfc keeps the lower tail, where 1 + erf(x/√2) cancels.
    if _numerics.runs_on("torch"):  # where new memory takes longer than erfc
        return (x * -math.sqrt(0.5)).erfc_().mul_(0.5)
    return 0.5 * _numerics.erfc(x * -math.sqrt(0.5))


def _density_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    return gradient * _density(x)


def _density(x: Tensor) -> Tensor:
    """Return exp(-x²/2)/√(2π)."""
    return ops.exp(-0.5 * ops.square(x) - 0.5 * math.log(2 * math.pi))


def _product(x: Tensor) -> Tensor:
    x = _clipped(x)
    return x * _by_polynomial(x)[0]


def _product_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    x = _clipped(x, 1000.0)
    distribution, bell = _by_polynomial(x)
    return gradient * (distribution + x * (bell / math.sqrt(2 * math.pi)))


def _by_polynomial(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return Φ(x) in float32, the lower tail too, and exp(-x²/2)."""
    bell = ops.exp(-0.5 * ops.square(x))
    s = 1 / (1 + 0.35 * ops.abs(x))
    tail = _numerics.polynomial(TAIL, s) * s * bell
    return ops.where(x > 0, 1 - tail, tail), bell


_RATE = math.sqrt(8 / math.pi)


def _by_tanh(x: Tensor) -> Tensor:
    return _numerics.with_gradient(_tanh_form, _tanh_form_pullback, x)


def _tanh_form(x: Tensor) -> Tensor:
    # (1 + tanh(u))/2 is sigmoid(2u), which keeps the lower tail.
    x = _clipped(x)
    t = _near(x)
    return x * _numerics.sigmoid(_RATE * (t + 0.044715 * t * t * t))


def _near(x: Tensor) -> Tensor:
    # At 22 the sigmoid is 1 in every dtype; beyond, x³ may overflow.
    return _numerics.clip(x, -22.0, 22.0)


def _tanh_form_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    t = _near(x)
    if not _numerics.differentiates_again() and x.dtype.itemsize == 4:
        import torch

        # Its 1 - tanh² loses what float32 rounds off anyway.

        return torch.ops.aten.gelu_backward(gradient, t, approximate="tanh")
    u = _RATE * (t + 0.044715 * t * t * t)
    rate = _RATE * (1 + 3 * 0.044715 * ops.square(t))
    slope = t * rate * _numerics.sigmoid_slope(u)
    return gradient * (_numerics.sigmoid(u) + slope)


def _by_sigmoid(x: Tensor) -> Tensor:
    return swish.formula(x, 1.702)


_FORMS = {
    "none": _by_erf,
    "tanh": _by_tanh,
    "sigmoid": _by_sigmoid,
    False: _by_erf,
    True: _by_tanh,
}


@activation(checks={"approximate": one_of(*_FORMS)})
def gelu(x: Tensor, approximate: Any = "none") -> Tensor:
    """GELU: `x * Φ(x)`, where Φ is the distribution function of the normal.

    0 at -inf, +inf at +inf. In the lower tail the exact form has an error of at most
    `x**2` ulp (erfc of the rounded `x / sqrt(2)`), below 0.3 epsilons of 1.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        approximate: `"none"` (or False) for Φ itself; `"tanh"` (or True) for
            `Φ(x) ≈ (1 + tanh(sqrt(2/π) * (x + 0.044715 * x**3))) / 2`; `"sigmoid"` for
            `Φ(x) ≈ sigmoid(1.702 * x)`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.gelu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.159  0.     1.954]

    Reference:
        Hendrycks, Gimpel, 2016, "Gaussian Error Linear Units (GELUs)",
        arXiv:1606.08415.
    """
    return _FORMS[approximate](x)
