"""The exponential family: saturating below zero, linear above it."""

import math

import keras
from keras import ops

from keras_acts._checks import non_negative, positive, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._numerics import expm1, negative_part
from keras_acts.functional._pointwise import pointwise

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@activation(checks={"alpha": non_negative})
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """ELU: `x` where `x > 0`, else `alpha * (exp(x) - 1)`.

    `-alpha` at -inf, +inf at +inf. The gradient is `alpha` at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: Minus the value at -inf, 0 or above.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.elu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.632  0.     2.   ]

    Reference:
        Clevert, Unterthiner, Hochreiter, 2015, "Fast and Accurate Deep Network Learning
        by Exponential Linear Units (ELUs)", arXiv:1511.07289.
    """
    if _numerics.runs_on("torch") and not _numerics.compiles_torch():
        return ops.elu(x, alpha)
    if _numerics.runs_on("tensorflow"):
        return _numerics.with_gradient(_two_sided, _two_sided_pullback, x, 1.0, alpha)
    return ops.where(x > 0, x, alpha * expm1(negative_part(x)))


def _two_sided(x: Tensor, slope: float, depth: float) -> Tensor:
    """Return `slope * x` above 0, else `depth * (exp(x) - 1)`; for TensorFlow.

    Its own ELU and SELU cancel near 0. With t = tanh(x/2), e^x - 1 is 2t/(1-t), which
    takes half the time of its expm1.
    """
    t = ops.tanh(0.5 * ops.minimum(x, _numerics.constant(0.0, x)))
    curve = 2 * depth * t / (1 - t)
    if slope == 1 and depth <= 1:  # depth (e^x - 1) is above x for x < 0
        return ops.maximum(x, curve)
    return slope * ops.relu(x) + curve


def _two_sided_pullback(
    x: Tensor, gradient: Tensor, slope: float, depth: float
) -> Tensor:
    derivative = ops.exp(ops.minimum(x, _numerics.constant(0.0, x)))
    if depth != 1:
        derivative = depth * derivative
    if depth != slope:
        derivative = derivative + (slope - depth) * ops.cast(x > 0, x.dtype)
    return gradient * derivative


@activation(checks={"alpha": positive})
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """CELU: `x` where `x > 0`, else `alpha * (exp(x / alpha) - 1)`.

    `-alpha` at -inf, +inf at +inf. The gradient is continuous, 1 at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: Minus the value at -inf, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.celu([-1.0, 0.0, 2.0], alpha=0.5)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.432  0.     2.   ]

    Reference:
        Barron, 2017, "Continuously Differentiable Exponential Linear Units",
        arXiv:1704.07483.
    """
    if _numerics.runs_on("torch") and not _numerics.compiles_torch():
        return ops.celu(x, alpha)
    if alpha == 1:
        return elu.formula(x)
    return _numerics.with_gradient(_celu, _celu_pullback, x, alpha)


def _celu(x: Tensor, alpha: float) -> Tensor:
    t = x / alpha
    return ops.where(_is_linear(t), x, alpha * expm1(negative_part(t)))


def _celu_pullback(x: Tensor, gradient: Tensor, alpha: float) -> Tensor:
    return gradient * ops.exp(negative_part(x) / alpha)


def _is_linear(t: Tensor) -> Tensor:
    """Tell where e^t - 1 is t, or t is positive; divisions there may underflow."""
    return t > -1e-36


@activation()
def selu(x: Tensor) -> Tensor:
    """SELU: `scale * x` where `x > 0`, else `scale * alpha * (exp(x) - 1)`.

    With `alpha` 1.6732632423543772 and `scale` 1.0507009873554805, for which zero mean
    and unit variance are a fixed point. `-scale * alpha` at -inf, +inf at +inf. The
    gradient is `scale * alpha` at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.selu([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.111  0.     2.101]

    Reference:
        Klambauer et al., 2017, "Self-Normalizing Neural Networks", arXiv:1706.02515.
    """
    if _numerics.runs_on("torch") and not _numerics.compiles_torch():
        return ops.selu(x)
    depth = SELU_SCALE * SELU_ALPHA
    if _numerics.runs_on("tensorflow"):
        return _numerics.with_gradient(
            _two_sided, _two_sided_pullback, x, SELU_SCALE, depth
        )
    below = depth * expm1(negative_part(x))
    return ops.where(x > 0, SELU_SCALE * x, below)


@activation(
    tensors=("x", "alpha", "beta"),
    checks={"alpha": real_or_tensor(positive), "beta": real_or_tensor(positive)},
)
def pelu(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """PELU: `alpha / beta * x` where `x >= 0`, else `alpha * (exp(x / beta) - 1)`.

    `-alpha` at -inf, +inf at +inf. The gradient is continuous, `alpha / beta` at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: Positive number, or a tensor that broadcasts against `x`.
        beta: Positive number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.pelu([-1.0, 0.0, 2.0], alpha=1.0, beta=2.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.393  0.     1.   ]

    Reference:
        Trottier, Giguère, Chaib-draa, 2016, "Parametric Exponential Linear Unit for
        Deep Convolutional Neural Networks", arXiv:1605.09332.
    """
    return pointwise(_pelu, (_pelu_by_x, _pelu_by_alpha, _pelu_by_beta), x, alpha, beta)


def _pelu(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    t = _numerics.clip(x, low=-1e30) / beta
    linear = _is_linear(t)
    below = alpha * expm1(ops.where(linear, _numerics.constant(0.0, x), t))
    return ops.where(linear, alpha / beta * x, below)


def _pelu_by_x(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return alpha / beta * ops.exp(_negative_quotient(x, beta))


def _pelu_by_alpha(x: Tensor, _alpha: Tensor, beta: Tensor) -> Tensor:
    return ops.where(x > 0, x / beta, expm1(_negative_quotient(x, beta)))


def _pelu_by_beta(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    t = _negative_quotient(x, beta)
    return -alpha / beta * ops.where(x > 0, x / beta, t * ops.exp(t))


def _negative_quotient(x: Tensor, beta: Tensor) -> Tensor:
    """Return `min(x, 0) / beta`, finite so that its product with e^t = 0 is 0."""
    return _numerics.clip(negative_part(x) / beta, low=-1e30)


@activation(checks={"beta": positive})
def softplus(x: Tensor, beta: float = 1.0) -> Tensor:
    """Softplus: `log(1 + exp(beta * x)) / beta`.

    Stable at both ends: `exp(beta * x) / beta` for large negative `x`, `x` for large
    positive ones. 0 at -inf, +inf at +inf. The gradient is `sigmoid(beta * x)`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        beta: Sharpness, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.softplus([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.313 0.693 2.127]

    Reference:
        Dugas et al., 2001, "Incorporating Second-Order Functional Knowledge for Better
        Option Pricing", NIPS.
    """
    if _numerics.runs_on("torch"):
        return _numerics.with_gradient(_torch_softplus, _softplus_pullback, x, beta)
    return _numerics.with_gradient(_softplus, _softplus_pullback, x, beta)


def _torch_softplus(x: Tensor, beta: float) -> Tensor:
    import torch

    # Above the threshold it is x: at the 20 of keras.ops too early for float64.
    return torch.nn.functional.softplus(x, beta, threshold=40)


def _softplus(x: Tensor, beta: float) -> Tensor:
    # At 80 both terms are equal in every dtype; above it x is the larger one.
    t = ops.minimum(beta * x, _numerics.constant(80.0, x))
    return ops.maximum(x, ops.log1p(ops.exp(t)) / beta)


def _softplus_pullback(x: Tensor, gradient: Tensor, beta: float) -> Tensor:
    return gradient * _numerics.sigmoid(beta * x)


@activation(checks={"b": positive})
def squareplus(x: Tensor, b: float = 4.0) -> Tensor:
    """Squareplus: `(x + sqrt(x**2 + b)) / 2`.

    Accurate and finite over the whole range: `-b / (4 * x)` for large negative `x`,
    `x` for large positive ones. 0 at -inf, +inf at +inf. The gradient is 1/2 at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        b: Width of the bend, above 0; the value at 0 is `sqrt(b) / 2`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.squareplus([-1.5, 0.0, 1.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.5 1.  2. ]

    Reference:
        Barron, 2021, "Squareplus: A Softplus-Like Algebraic Rectifier",
        arXiv:2112.11687.
    """
    if b <= _LARGEST_SQUARE:
        return _numerics.with_gradient(_squareplus, _squareplus_pullback, x, b)
    # A power of 2 scales exactly; unscaled, x² + b could overflow.
    scale = 2.0 ** math.ceil(math.log2(b) / 2)
    return scale * squareplus.formula(x / scale, b / scale**2)


_LARGEST_SQUARE = 2.0**60


def _root(x: Tensor, b: float) -> tuple[Tensor, Tensor]:
    """Return `|x|` and `sqrt(x**2 + b)`."""
    size = -_numerics.minus_abs(x)
    # Where x² could overflow, the root is |x|.
    near = _numerics.clip(size, high=_LARGEST_SQUARE)
    return size, ops.sqrt(ops.square(near) + b) + (size - near)


def _squareplus(x: Tensor, b: float) -> Tensor:
    # For negative x the sum x + root cancels; it is b / (|x| + root).
    size, root = _root(x, b)
    return _numerics.positive_part(x) + (b / 2) / (size + root)


def _squareplus_pullback(x: Tensor, gradient: Tensor, b: float) -> Tensor:
    largest = _numerics.largest(x)
    x = _numerics.clip(x, -largest, largest)  # a quotient of infinities is NaN
    size, root = _root(x, b)
    above = _numerics.positive_part(x)
    return gradient * ((above + (b / 2) / (size + root)) / root)


@activation()
def mish(x: Tensor) -> Tensor:
    """Mish: `x * tanh(softplus(x))`.

    Smooth, self-regularized, unbounded above and bounded below by about -0.3088.
    0 at -inf, +inf at +inf. The tail underflows to 0 a little before its true value
    does, where that is below 1e-35 in float32 (1e-304 in float64).

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.mish([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.303  0.     1.944]

    Reference:
        Misra, 2019, "Mish: A Self Regularized Non-Monotonic Activation Function",
        arXiv:1908.08681.
    """
    # Below -1000 Mish is 0 in every dtype; the clip gives -inf its limit.
    x = _numerics.clip(x, low=-1000.0)
    return _numerics.with_gradient(_mish, _mish_pullback, x)


def _mish(x: Tensor) -> Tensor:
    if _numerics.has_kernel(x):
        import torch

        return torch.nn.functional.mish(x)
    # tanh(log(1 + e^x)) is n/(n + 2) with n = e^x (e^x + 2), and 1 from 20 on.
    e = ops.exp(_numerics.clip(x, high=20.0))
    n = e * (e + 2)
    return x * (n / (n + 2))


def _mish_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    # In float64 torch's own cancels above 1, and is wrong by x / 2 epsilons.
    wide = keras.backend.standardize_dtype(x.dtype) == "float64"
    if not (wide or _numerics.differentiates_again()):
        import torch

        return torch.ops.aten.mish_backward(gradient, _numerics.clip(x, high=1000.0))
    t = _numerics.clip(x, high=20.0)
    e = ops.exp(t)
    n = e * (e + 2)
    d = n + 2
    return gradient * ((n + 4 * t * (e * (e + 1) / d)) / d)


@activation()
def exponential(x: Tensor) -> Tensor:
    """Exponential: `exp(x)`.

    0 at -inf, +inf at +inf and from about 88.7 on in float32, as the true value then
    exceeds the range.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.exponential([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.368 1.    7.389]

    Reference:
        The inverse link of Poisson regression: Nelder, Wedderburn, 1972, "Generalized
        Linear Models", JRSS A 135.
    """
    return ops.exp(x)
