"""The gaussian family: inputs weighted by their normal distribution."""

import math
from typing import Any

from keras import ops

from keras_acts._checks import one_of
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation

_TAIL = (
    *(0.139621306, 0.139863529, 0.119821185, 0.105552926, -0.0232133915),
    *(0.15932125, -0.255840399, 0.144031609, -0.0291580299),
)
"""Φ(-t) exp(t²/2) is s P(s) for s = 1/(1 + 0.35 t), up to 3e-8 of itself for t up
to 14: least squares, weighted until the extrema of the error were even."""


def _by_erf(x: Tensor) -> Tensor:
    if _numerics.compiles_torch() and x.dtype.itemsize == 4:
        # One loop with one exponential; the compiler has no fast erfc.
        return _numerics.with_gradient(_product, _product_pullback, x)
    x = _clipped(x)
    if _numerics.runs_on("torch"):
        return x * _numerics.with_gradient(_distribution, _density_pullback, x)
    return x * _distribution(x)


def _clipped(x: Tensor) -> Tensor:
    # Below -1000 each form of GELU is 0 in every dtype; the clip gives -inf its limit.
    return _numerics.clip(x, low=-1000.0)


def _distribution(x: Tensor) -> Tensor:
    # erfc keeps the lower tail, where 1 + erf(x/√2) cancels.
    if _numerics.runs_on("torch"):  # where new memory takes longer than erfc
        return (x * -math.sqrt(0.5)).erfc_().mul_(0.5)
    return 0.5 * _numerics.erfc(x * -math.sqrt(0.5))


def _density_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    """Return a gradient times exp(-x²/2)/√(2π); for torch."""
    exponent = (x * x).mul_(-0.5).sub_(0.5 * math.log(2 * math.pi))
    return exponent.exp_() * gradient


def _product(x: Tensor) -> Tensor:
    x = _clipped(x)
    return x * _by_polynomial(x)[0]


def _product_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    x = _clipped(x)
    distribution, bell = _by_polynomial(x)
    return gradient * (distribution + x * (bell / math.sqrt(2 * math.pi)))


def _by_polynomial(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return Φ(x) in float32, the lower tail too, and exp(-x²/2)."""
    bell = ops.exp(-0.5 * ops.square(x))
    s = 1 / (1 + 0.35 * ops.abs(x))
    tail = _numerics.polynomial(_TAIL, s) * s * bell
    return ops.where(x > 0, 1 - tail, tail), bell


def _by_tanh(x: Tensor) -> Tensor:
    # (1 + tanh(u))/2 is sigmoid(2u), which keeps the lower tail. At 22 the sigmoid is
    # 1 in every dtype; beyond, x³ may overflow.
    x = _clipped(x)
    t = _numerics.clip(x, -22.0, 22.0)
    u = math.sqrt(8 / math.pi) * (t + 0.044715 * t * t * t)
    return x * _numerics.sigmoid(u)


def _by_sigmoid(x: Tensor) -> Tensor:
    x = _clipped(x)
    return x * _numerics.sigmoid(1.702 * x)


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
