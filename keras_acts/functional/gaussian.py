"""The gaussian family: inputs weighted by their normal distribution."""

import math
from typing import Any

from keras import ops

from keras_acts._checks import one_of
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation


def _by_erf(x: Tensor) -> Tensor:
    # erfc keeps the lower tail, where 1 + erf(x/√2) cancels.
    return x * (0.5 * ops.erfc(x * -math.sqrt(0.5)))


def _by_tanh(x: Tensor) -> Tensor:
    # (1 + tanh(u))/2 is sigmoid(2u), which keeps the lower tail. At 22 the sigmoid is
    # 1 in every dtype; beyond, x³ may overflow.
    t = _numerics.clip(x, -22.0, 22.0)
    u = math.sqrt(8 / math.pi) * (t + 0.044715 * t * t * t)
    return x * _numerics.sigmoid(u)


def _by_sigmoid(x: Tensor) -> Tensor:
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

    Reference:
        Hendrycks, Gimpel, 2016, "Gaussian Error Linear Units (GELUs)",
        arXiv:1606.08415.
    """
    # GELU is 0 there in every dtype and form. Clipped, -inf gives the limit.
    return _FORMS[approximate](_numerics.clip(x, low=-1000.0))
