"""The exponential family: saturating below zero, linear above it."""

import math

from keras import ops

from keras_acts._checks import non_negative, positive, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def _expm1(x: Tensor) -> Tensor:
    """Return e^x - 1; the derivative y + 1 cancels where y is near -1."""
    return _numerics.with_gradient(ops.expm1, _expm1_pullback, x)


def _expm1_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    return gradient * ops.exp(x)


def _zero_above(x: Tensor) -> Tensor:
    """Return `min(x, 0)`, with the gradient 1 at 0."""
    return ops.where(x > 0, _numerics.constant(0.0, x), x)


@activation(checks={"alpha": non_negative})
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """ELU: `x` where `x > 0`, else `alpha * (exp(x) - 1)`.

    `-alpha` at -inf, +inf at +inf. The gradient is `alpha` at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: Minus the value at -inf, 0 or above.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Reference:
        Clevert, Unterthiner, Hochreiter, 2015, "Fast and Accurate Deep Network Learning
        by Exponential Linear Units (ELUs)", arXiv:1511.07289.
    """
    if _numerics.runs_on("torch"):
        return ops.elu(x, alpha)
    return ops.where(x > 0, x, alpha * _expm1(_zero_above(x)))


@activation(checks={"alpha": positive})
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """CELU: `x` where `x > 0`, else `alpha * (exp(x / alpha) - 1)`.

    `-alpha` at -inf, +inf at +inf. The gradient is continuous, 1 at 0.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: Minus the value at -inf, above 0.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Reference:
        Barron, 2017, "Continuously Differentiable Exponential Linear Units",
        arXiv:1704.07483.
    """
    if _numerics.runs_on("torch"):
        return ops.celu(x, alpha)
    t = x / alpha
    return ops.where(_is_linear(t), x, alpha * _expm1(_zero_above(t)))


def _is_linear(t: Tensor) -> Tensor:
    """Tell where e^t - 1 is t, or t is positive; divisions there may underflow."""
    return t > -1e-30


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

    Reference:
        Klambauer et al., 2017, "Self-Normalizing Neural Networks", arXiv:1706.02515.
    """
    if _numerics.runs_on("torch"):
        return ops.selu(x)
    below = SELU_SCALE * SELU_ALPHA * _expm1(_zero_above(x))
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

    Reference:
        Trottier, Giguère, Chaib-draa, 2016, "Parametric Exponential Linear Unit for
        Deep Convolutional Neural Networks", arXiv:1605.09332.
    """
    # Far below, where the exponential is 0, a finite quotient keeps its gradient 0.
    t = ops.clip(x, -1e30, 0.0) / beta
    linear = _is_linear(t)
    below = alpha * _expm1(ops.where(linear, _numerics.constant(0.0, x), t))
    return ops.where(linear, alpha / beta * x, below)


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

    Reference:
        Dugas et al., 2001, "Incorporating Second-Order Functional Knowledge for Better
        Option Pricing", NIPS.
    """
    if _numerics.runs_on("torch"):
        import torch

        # From the threshold on it is x. At keras.ops' 20 that is wrong in float64.
        return torch.nn.functional.softplus(x, beta, threshold=40)
    # The product may underflow to 0, so the sign is that of x in both places.
    below = x < 0
    t = ops.where(below, beta * x, -beta * x)
    tail = ops.log1p(ops.exp(t)) / beta
    return ops.where(below, _numerics.constant(0.0, x), x) + tail


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

    Reference:
        Barron, 2021, "Squareplus: A Softplus-Like Algebraic Rectifier",
        arXiv:2112.11687.
    """
    # An exact scale brings b to 1 or below, lest b itself overflow beside x².
    scale = 2.0 ** max(0, math.ceil(math.log2(b) / 2))
    b = b / scale**2
    x = x / scale
    size = -_numerics.minus_abs(x)
    # Where b is far below the precision of x², the root is |x| and x² may overflow.
    large = size > 2.0**27
    root = ops.sqrt(ops.square(ops.where(large, _numerics.constant(0.0, x), size)) + b)
    root = ops.where(large, size, root)
    # Halved first, the sum of two large numbers is finite.
    above = size / 2 + root / 2
    # For negative x the sum cancels, but its conjugate doesn't: their product is b/4.
    return scale * ops.where(x < 0, b / 4 / above, above)


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

    Reference:
        Misra, 2019, "Mish: A Self Regularized Non-Monotonic Activation Function",
        arXiv:1908.08681.
    """
    # Mish is 0 there in every dtype. Clipped, -inf gives the limit.
    x = _numerics.clip(x, low=-1000.0)
    if _numerics.runs_on("torch"):
        import torch

        return torch.nn.functional.mish(x)
    # tanh(log(1 + e^x)) as a quotient w/(w + d) without cancellation, in e^-|x|.
    e = ops.exp(_numerics.minus_abs(x))
    w = ops.where(x < 0, e * (e + 2), 1 + 2 * e)
    d = ops.where(x < 0, _numerics.constant(2.0, x), 2 * e * e)
    return x * (w / (w + d))


@activation()
def exponential(x: Tensor) -> Tensor:
    """Exponential: `exp(x)`.

    0 at -inf, +inf at +inf and from about 88.7 on in float32, as the true value then
    exceeds the range.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Reference:
        The inverse link of Poisson regression: Nelder, Wedderburn, 1972, "Generalized
        Linear Models", JRSS A 135.
    """
    return ops.exp(x)
