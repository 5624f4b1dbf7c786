"""Quotients of polynomials, and normalized powers."""

from typing import Any

from keras import ops

from keras_acts._checks import positive
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation

NUMERATOR = (
    *(0.029792778657264946, 0.6183735264987601, 2.323309062531321),
    *(3.051936237265109, 1.4854203263828845, 0.2510244961111299),
)
DENOMINATOR = (
    *(-1.1419548357285474, 4.393159974992486),
    *(0.8714712309957245, 0.34719662339598834),
)
"""The coefficients with which the quotient is nearest to a leaky ReLU of slope 0.01."""


def _fitting(
    x: Any, numerator: Any = NUMERATOR, denominator: Any = DENOMINATOR
) -> tuple[int | None, ...]:
    """Return the shape of the result.

    Raises:
        ValueError: The coefficients are not as many as they must be.
    """
    sizes = [
        tuple(one.shape) if hasattr(one, "shape") else (len(one),)
        for one in (numerator, denominator)
    ]
    if sizes != [(6,), (4,)]:
        raise ValueError(
            "`numerator` must have 6 coefficients and `denominator` 4. "
            f"Received: the shapes {sizes[0]} and {sizes[1]}"
        )
    return tuple(x.shape)


@activation(tensors=("x", "numerator", "denominator"), output_shape=_fitting)
def rational(
    x: Tensor, numerator: Tensor = NUMERATOR, denominator: Tensor = DENOMINATOR
) -> Tensor:
    """Rational: `P(x) / Q(x)`, the Padé activation unit.

    `P(x) = a[0] + a[1] * x + … + a[5] * x**5` and
    `Q(x) = 1 + |b[0] * x| + … + |b[3] * x**4|`, which has no zero. Where `b[3]` is not
    0, the result is near `a[5] / |b[3]| * x` for large `x`, finite also where the
    powers are not.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        numerator: The six coefficients a.
        denominator: The four coefficients b.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: The coefficients are not as many.

    Example:
        >>> y = functional.rational([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.011  0.03   2.   ]

    Reference:
        Molina, Schramowski, Kersting, 2019, "Padé Activation Units: End-to-end Learning
        of Flexible Activation Functions in Deep Networks", arXiv:1907.06732; version A
        of the authors' library.
    """
    _fitting(x, numerator, denominator)
    a, b = (_coefficients(one, x) for one in (numerator, denominator))
    zero, one = _numerics.constant(0.0, x), _numerics.constant(1.0, x)
    near = ops.abs(x) <= 1
    t = ops.where(near, x, zero)
    size = ops.abs(t)
    b = [ops.abs(c) for c in b]
    below = _numerics.polynomial((one, *b), size)
    # Beyond 1 in powers of 1/x, which are finite.
    far = ops.where(near, one, x)
    z = 1 / far
    above = far * _numerics.polynomial(a[::-1], z)
    beyond = above / _numerics.polynomial((*b[::-1], one), ops.abs(z))
    return ops.where(near, _numerics.polynomial(a, t) / below, beyond)


def _coefficients(values: Any, x: Tensor) -> list[Any]:
    """Return coefficients one by one, as scalar tensors."""
    vector = ops.convert_to_tensor(values, dtype=x.dtype)
    return [vector[i] for i in range(vector.shape[0])]


_POWERS = 3


def _three(
    x: Any, weight: Any = (), bias: Any = 0.0, epsilon: float = 1e-6
) -> tuple[int | None, ...]:
    """Return the shape of the result.

    Raises:
        ValueError: There are not three weights.
    """
    size = tuple(weight.shape) if hasattr(weight, "shape") else (len(weight),)
    if size != (_POWERS,):
        raise ValueError(
            f"`weight` must have the shape (3,). Received: weight.shape={size}, "
            f"bias={bias!r}, epsilon={epsilon}"
        )
    return tuple(x.shape)


@activation(
    tensors=("x", "weight", "bias"), checks={"epsilon": positive}, output_shape=_three
)
def poly_norm(
    x: Tensor,
    weight: Tensor = (1 / 3, 1 / 3, 1 / 3),
    bias: Tensor = 0.0,
    epsilon: float = 1e-6,
) -> Tensor:
    """PolyNorm: `w[0] * n(x**3) + w[1] * n(x**2) + w[2] * n(x) + bias`.

    With `n(y) = y / sqrt(mean(y**2) + epsilon)`, the mean over the last axis. Finite
    for every finite `x`; an axis that holds NaN or infinity gives NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        weight: The three weights.
        bias: One number.
        epsilon: Added to the mean squares, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: There are not three weights.

    Example:
        >>> y = functional.poly_norm([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.19   0.     1.649]

    Reference:
        Zhuo, Wang, Zeng, Li, Zhou, Ma, 2024, "Polynomial Composition Activations:
        Unleashing the Dynamics of Large Language Models", arXiv:2411.03884.
    """
    _three(x, weight, bias, epsilon)
    w = _coefficients(weight, x)
    # Divided by the largest element, powers are finite; epsilon is divided alike.
    size = ops.stop_gradient(_numerics.largest_along(ops.abs(x), -1, keepdims=True))
    size = ops.where(size < 1, _numerics.constant(1.0, x), size)
    u = x / size
    first = w[2] * _normalized(u, epsilon, 1 / size)
    second = w[1] * _normalized(u * u, epsilon, 1 / (size * size))
    third = w[0] * _normalized(u * u * u, epsilon, 1 / (size * size * size))
    return third + second + first + bias


def _normalized(y: Tensor, epsilon: float, scale: Tensor) -> Tensor:
    """Return `y` over the root of its mean square and of the scaled epsilon."""
    square = _numerics.mean(ops.square(y), len(y.shape) - 1)
    square = ops.expand_dims(square, -1)
    return y / ops.sqrt(square + epsilon * ops.square(scale))
