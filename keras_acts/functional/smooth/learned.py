"""Smooth rectifiers whose coefficients are learned."""

import math

from keras import ops

from keras_acts._checks import finite, positive, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._numerics import expm1, negative_part
from keras_acts.functional._pointwise import pointwise
from keras_acts.functional.exponential import softplus


@activation(
    tensors=("x", "scale", "bias"),
    checks={"scale": real_or_tensor(finite), "bias": real_or_tensor(finite)},
)
def star_relu(x: Tensor, scale: Tensor = 0.8944, bias: Tensor = -0.4472) -> Tensor:
    """StarReLU: `scale * max(x, 0)**2 + bias`.

    With the default values the result of a standard normal has mean 0 and variance 1.
    `bias` at -inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        scale: A number, or a tensor that broadcasts against `x`.
        bias: A number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.star_relu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.447 -0.447  3.13 ]

    Reference:
        Yu, Si, Zhou, Luo, Zhou, Feng, Yan, Wang, 2022, "MetaFormer Baselines for
        Vision", arXiv:2210.13452.
    """
    positive = ops.relu(x)
    return (scale * positive) * positive + bias


XIELU_P = math.log(math.expm1(0.8))
XIELU_N = math.log(math.expm1(0.3))

_XIELU_WEIGHTS = ("alpha_p", "alpha_n")


@activation(
    tensors=("x", *_XIELU_WEIGHTS),
    checks={**dict.fromkeys(_XIELU_WEIGHTS, real_or_tensor(finite)), "beta": positive},
)
def xielu(
    x: Tensor,
    alpha_p: Tensor = XIELU_P,
    alpha_n: Tensor = XIELU_N,
    beta: float = 0.5,
) -> Tensor:
    """XIELU: `p * x**2 + beta * x` where `x > 0`, else `n * (exp(x) - 1 - x) + beta*x`.

    With `p = softplus(alpha_p)` and `n = beta + softplus(alpha_n)`. +inf at ±inf. The
    gradient is continuous, `beta` at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha_p: A number, or a tensor that broadcasts against `x`. The default makes
            p 0.8.
        alpha_n: The same. The default makes n 0.8 for the default `beta`.
        beta: The gradient at 0, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.xielu([-1.0, 0.0, 2.0], alpha_p=0.2, alpha_n=-1.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.201  0.     4.193]

    Reference:
        Huang, Schlag, 2024, "Deriving Activation Functions Using Integration",
        arXiv:2411.13010.
    """
    y = pointwise(
        _xielu,
        (_xielu_by_x, _xielu_by_p, _xielu_by_n),
        x,
        *(_softplus(alpha, x) for alpha in (alpha_p, alpha_n)),
    )
    # The parts that `beta` multiplies have no weights.
    return y + beta * ops.where(x > 0, x, expm1(negative_part(x)))


def _softplus(alpha: Tensor, x: Tensor) -> Tensor:
    if isinstance(alpha, int | float):
        alpha = _numerics.constant(alpha, x)
    return softplus.formula(alpha)


def _xielu(x: Tensor, p: Tensor, n: Tensor) -> Tensor:
    t = negative_part(x)
    return ops.where(x > 0, p * x * x, n * (expm1(t) - t))


def _xielu_by_x(x: Tensor, p: Tensor, n: Tensor) -> Tensor:
    return ops.where(x > 0, 2 * p * x, n * expm1(negative_part(x)))


def _xielu_by_p(x: Tensor, _p: Tensor, _n: Tensor) -> Tensor:
    return ops.square(ops.relu(x))


def _xielu_by_n(x: Tensor, _p: Tensor, _n: Tensor) -> Tensor:
    t = negative_part(x)
    return expm1(t) - t


_ACON_WEIGHTS = ("p1", "p2", "beta")


@activation(
    tensors=("x", *_ACON_WEIGHTS),
    checks=dict.fromkeys(_ACON_WEIGHTS, real_or_tensor(finite)),
)
def acon_c(x: Tensor, p1: Tensor = 1.0, p2: Tensor = 0.0, beta: Tensor = 1.0) -> Tensor:
    """ACONC: `d * sigmoid(beta * d) + p2 * x` with `d = (p1 - p2) * x`.

    A smooth maximum of `p1 * x` and `p2 * x`, for positive `beta`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        p1: Slope of one part; a number, or a tensor that broadcasts against `x`.
        p2: Slope of the other part; the same.
        beta: How soon one part prevails; the same.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.acon_c([-1.0, 0.0, 2.0], p1=1.5, p2=0.25, beta=2.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.345  0.     2.983]

    Reference:
        Ma, Zhang, Liu, Sun, 2020, "Activate or Not: Learning Customized Activation",
        arXiv:2009.04759.
    """
    return pointwise(
        _acon, (_acon_by_x, _acon_by_p1, _acon_by_p2, _acon_by_beta), x, p1, p2, beta
    )


@activation(
    tensors=("x", "p", "beta"),
    checks=dict.fromkeys(("p", "beta"), real_or_tensor(finite)),
)
def acon_b(x: Tensor, p: Tensor = 0.25, beta: Tensor = 1.0) -> Tensor:
    """ACONB: `d * sigmoid(beta * d) + p * x` with `d = (1 - p) * x`.

    A smooth PReLU, for positive `beta`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        p: Slope of the left part; a number, or a tensor that broadcasts against `x`.
        beta: How soon one part prevails; the same.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.acon_b([-1.0, 0.0, 2.0], p=0.5)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.689  0.     1.731]

    Reference:
        Ma, Zhang, Liu, Sun, 2020, "Activate or Not: Learning Customized Activation",
        arXiv:2009.04759.
    """
    return acon_c.formula(x, 1.0, p, beta)


def _acon(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    # The part that prevails, and what the other takes of it.
    d = (p1 - p2) * x
    largest = _numerics.largest(x)
    size = _numerics.clip(-_numerics.minus_abs(d), high=largest)  # for the limits
    return ops.where(d < 0, p2, p1) * x - size * _numerics.sigmoid(-beta * size)


def _acon_gate(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    """Return the derivative of `d * sigmoid(beta * d)` by d."""
    t = _numerics.clip(beta * ((p1 - p2) * x), -1000.0, 1000.0)
    return _numerics.sigmoid(t) + t * _numerics.sigmoid_slope(t)


def _acon_by_x(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    return p2 + (p1 - p2) * _acon_gate(x, p1, p2, beta)


def _acon_by_p1(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    return x * _acon_gate(x, p1, p2, beta)


def _acon_by_p2(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    return x * (1 - _acon_gate(x, p1, p2, beta))


def _acon_by_beta(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    d = (p1 - p2) * x
    return d * (d * _numerics.sigmoid_slope(beta * d))
