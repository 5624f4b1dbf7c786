"""Gates: bounded functions, and inputs weighted by one."""

import math

from keras import ops

from keras_acts._checks import finite, positive
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation

LAPLACE_MU = math.sqrt(0.5)
LAPLACE_SIGMA = math.sqrt(0.25 / math.pi)


@activation()
def telu(x: Tensor) -> Tensor:
    """TeLU: `x * tanh(exp(x))`.

    0 at -inf, +inf at +inf. The left tail is that of `x * exp(x)`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.telu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.352  0.     2.   ]

    Reference:
        Fernandez, Mali, 2024, "TeLU Activation Function for Fast and Stable Deep
        Learning", arXiv:2412.20269.
    """
    return _numerics.with_gradient(_telu, _telu_pullback, x)


def _exponential(x: Tensor) -> Tensor:
    # At e^5 the hyperbolic tangent is 1 in every dtype.
    return ops.exp(_numerics.clip(x, -1000.0, 5.0))


def _telu(x: Tensor) -> Tensor:
    # Below -1000 it is 0 in every dtype; the clip gives -inf its limit.
    x = _numerics.clip(x, low=-1000.0)
    return x * _numerics.plain_tanh(_exponential(x))


def _telu_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    t, u = _numerics.clip(x, -1000.0, 5.0), _exponential(x)
    return gradient * (_numerics.tanh(u) + t * (u * _numerics.tanh_slope(u)))


@activation()
def golu(x: Tensor) -> Tensor:
    """GoLU: `x * exp(-exp(-x))`, the input weighted by the Gumbel distribution.

    0 at -inf, +inf at +inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.golu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.066  0.     1.747]

    Reference:
        Das, Stadler, Hutter, 2025, "Gompertz Linear Units: Leveraging Asymmetry for
        Enhanced Learning Dynamics", arXiv:2502.03654.
    """
    return _numerics.with_gradient(_golu, _golu_pullback, x)


def _golu(x: Tensor) -> Tensor:
    # At -8 the gate is 0 in every dtype.
    x = _numerics.clip(x, low=-8.0)
    return x * ops.exp(-ops.exp(-x))


def _golu_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    t = _numerics.clip(x, -8.0, 1000.0)
    decay = ops.exp(-t)
    return gradient * (ops.exp(-decay) * (1 + t * decay))


@activation()
def hard_mish(x: Tensor) -> Tensor:
    """HardMish: `x / 2 * clip(x + 2, 0, 2)`.

    0 at -inf, +inf at +inf. The gradient at -2 is 0, as below.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.hard_mish([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.5  0.   2. ]

    Reference:
        Diganta Misra, 2020, "H-Mish", as `hard_mish` of timm has it; after "Mish",
        arXiv:1908.08681.
    """
    return _numerics.with_gradient(_hard_mish, _hard_mish_pullback, x)


def _hard_mish(x: Tensor) -> Tensor:
    return _numerics.clip(x, low=-2.0) * ((_numerics.clip(x, -2.0, 0.0) + 2) / 2)


def _hard_mish_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    middle = _numerics.bounded(x, -2.0, 0.0) + 1
    return gradient * ops.where(x <= -2, _numerics.constant(0.0, x), middle)


@activation(checks={"mu": finite, "sigma": positive})
def laplace(x: Tensor, mu: float = LAPLACE_MU, sigma: float = LAPLACE_SIGMA) -> Tensor:
    """Laplace: `(1 + erf((x - mu) / (sigma * sqrt(2)))) / 2`.

    With the default values it is nearest to SquaredReLU around `x = sqrt(2)`. 0 at
    -inf, 1 at +inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        mu: Where the value is 1/2.
        sigma: Width of the step, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.laplace([0.0, 0.5, 1.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.006 0.231 0.85 ]

    Reference:
        Ma, Zhou, Kong, He, Gui, Neubig, May, Zettlemoyer, 2022, "Mega: Moving Average
        Equipped Gated Attention", arXiv:2209.10655.
    """
    return _numerics.with_gradient(_laplace, _laplace_pullback, x, mu, sigma)


def _laplace(x: Tensor, mu: float, sigma: float) -> Tensor:
    return 0.5 * _numerics.erfc(_distance(x, mu, sigma))


def _distance(x: Tensor, mu: float, sigma: float) -> Tensor:
    # From 40 on the density is 0 in every dtype.
    return _numerics.clip((mu - x) / (sigma * math.sqrt(2)), -40.0, 40.0)


def _laplace_pullback(x: Tensor, gradient: Tensor, mu: float, sigma: float) -> Tensor:
    z = _distance(x, mu, sigma)
    return gradient * (ops.exp(-ops.square(z)) / (sigma * math.sqrt(2 * math.pi)))


@activation(checks={"alpha": positive})
def isru(x: Tensor, alpha: float = 1.0) -> Tensor:
    """ISRU: `x / sqrt(1 + alpha * x**2)`.

    `±1 / sqrt(alpha)` at ±inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: How soon it saturates, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.isru([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.707  0.     0.894]

    Reference:
        Carlile, Delamarter, Kinney, Marti, Whitney, 2017, "Improving Deep Learning by
        Inverse Square Root Linear Units (ISRLUs)", arXiv:1710.09967.
    """
    return _numerics.with_gradient(_isru, isru_pullback, x, alpha)


def inverse_root(x: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Return `x` and `1 / sqrt(1 + alpha * x**2)`; `x` clipped where that is 0."""
    limit = 1e16 / math.sqrt(alpha)
    x = _numerics.clip(x, -limit, limit)
    return x, 1 / ops.sqrt(1 + ops.square(math.sqrt(alpha) * x))


def _isru(x: Tensor, alpha: float) -> Tensor:
    x, quotient = inverse_root(x, alpha)
    return x * quotient


def isru_pullback(x: Tensor, gradient: Tensor, alpha: float) -> Tensor:
    """Return a gradient times `(1 + alpha * x**2)**-1.5`."""
    _, quotient = inverse_root(x, alpha)
    return gradient * (quotient * ops.square(quotient))
