"""Rectifiers: linear above 0, or nearly so, and bounded below."""

from keras import ops

from keras_acts._checks import positive
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._numerics import expm1, negative_part, positive_part
from keras_acts.functional.sigmoid import swish
from keras_acts.functional.smooth.gates import inverse_root, isru_pullback

SERLU_ALPHA = 2.90427
SERLU_SCALE = 1.07862


@activation(checks={"beta": positive})
def smelu(x: Tensor, beta: float = 1.0) -> Tensor:
    """SmeLU: 0 for `x <= -beta`, `(x + beta)**2 / (4 * beta)`, `x` for `x >= beta`.

    0 at -inf, +inf at +inf. The gradient is continuous.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        beta: Half the width of the quadratic part, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.smelu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.   0.25 2.  ]

    Reference:
        Shamir, Lin, Coviello, 2022, "Smooth Activations and Reproducibility in Deep
        Networks", arXiv:2202.06499.
    """
    middle = _numerics.bounded(x, -beta, beta) + beta
    return ops.where(x >= beta, x, middle * (middle / (4 * beta)))


@activation(checks={"alpha": positive})
def isrlu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """ISRLU: `x` where `x >= 0`, else `x / sqrt(1 + alpha * x**2)`.

    `-1 / sqrt(alpha)` at -inf, +inf at +inf. Its first two derivatives are continuous.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: How soon it saturates, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.isrlu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.707  0.     2.   ]

    Reference:
        Carlile, Delamarter, Kinney, Marti, Whitney, 2017, "Improving Deep Learning by
        Inverse Square Root Linear Units (ISRLUs)", arXiv:1710.09967.
    """
    return _numerics.with_gradient(_isrlu, _isrlu_pullback, x, alpha)


def _isrlu(x: Tensor, alpha: float) -> Tensor:
    below, quotient = inverse_root(negative_part(x), alpha)
    return ops.where(x < 0, below * quotient, x)


def _isrlu_pullback(x: Tensor, gradient: Tensor, alpha: float) -> Tensor:
    return isru_pullback(negative_part(x), gradient, alpha)


@activation()
def serlu(x: Tensor) -> Tensor:
    """SERLU: `scale * x` where `x >= 0`, else `scale * alpha * x * exp(x)`.

    With `alpha` 2.90427 and `scale` 1.07862, for which zero mean and unit variance are
    a fixed point. 0 at -inf, +inf at +inf. The gradient at 0 is `scale`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.serlu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.152  0.     2.157]

    Reference:
        Zhang, Li, 2018, "Effectiveness of Scaled Exponentially-Regularized Linear Units
        (SERLUs)", arXiv:1807.10117.
    """
    return _numerics.with_gradient(_serlu, _serlu_pullback, x)


def _decaying(x: Tensor) -> Tensor:
    # Below -1000 the exponential is 0 in every dtype.
    return _numerics.clip(negative_part(x), low=-1000.0)


def _serlu(x: Tensor) -> Tensor:
    t = _decaying(x)
    below = (SERLU_SCALE * SERLU_ALPHA) * (t * ops.exp(t))
    return ops.where(x < 0, below, SERLU_SCALE * x)


def _serlu_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    t = _decaying(x)
    below = (SERLU_SCALE * SERLU_ALPHA) * ((1 + t) * ops.exp(t))
    scale = _numerics.constant(SERLU_SCALE, x)
    return gradient * ops.where(x < 0, below, scale)


@activation()
def elish(x: Tensor) -> Tensor:
    """ELiSH: `x * sigmoid(x)` where `x >= 0`, else `(exp(x) - 1) * sigmoid(x)`.

    0 at -inf, +inf at +inf. The gradient is continuous, 1/2 at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.elish([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.17   0.     1.762]

    Reference:
        Basirat, Roth, 2018, "The Quest for the Golden Activation Function",
        arXiv:1808.00783.
    """
    t = negative_part(x)
    below = expm1(t) * _numerics.sigmoid(t)
    return ops.where(x < 0, below, swish.formula(positive_part(x)))
