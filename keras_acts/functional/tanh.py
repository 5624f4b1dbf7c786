"""The tanh family: odd functions that saturate, and what is made of them."""

import itertools

import keras
from keras import ops

from keras_acts._checks import finite, ordered, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation


@activation()
def tanh(x: Tensor) -> Tensor:
    """Tanh: `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`.

    -1 at -inf, 1 at +inf. The gradient is `1 - y**2`, 0 in both tails.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.tanh([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.762  0.     0.964]

    Reference:
        LeCun, Bottou, Orr, Müller, 1998, "Efficient BackProp".
    """
    return _numerics.tanh(x)


@activation(
    checks={"min_value": finite, "max_value": finite},
    relation=ordered("min_value", "max_value"),
)
def hard_tanh(x: Tensor, min_value: float = -1.0, max_value: float = 1.0) -> Tensor:
    """HardTanh: `clip(x, min_value, max_value)`.

    The gradient is 0 at both ends.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        min_value: Smallest value, a finite number.
        max_value: Largest value, `min_value` or above.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: `min_value` is above `max_value`.

    Example:
        >>> y = functional.hard_tanh([-3.0, 0.5, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.   0.5  1. ]

    Reference:
        Collobert, 2004, "Large Scale Machine Learning", thesis, Université Paris VI.
    """
    return _numerics.bounded(x, min_value, max_value)


def _quotient(terms: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return polynomials P and Q of which `x - tanh x` is x³ P(x²) / Q(x²).

    tanh x = x/(1+v), v = x²/(3+x²/(5+x²/(7+...))) (Lambert, 1761), as one quotient: all
    its coefficients are positive, so that nothing cancels.
    """
    # v is x² times above/below
    above, below = [1], [2 * terms + 1]
    for odd in range(2 * terms - 1, 1, -2):
        above, below = below, _sum([odd * c for c in below], [0, *above])
    below = _sum(below, [0, *above])
    scale = below[0]
    return tuple(c / scale for c in above), tuple(c / scale for c in below)


def _sum(one: list[int], other: list[int]) -> list[int]:
    """Return the sum of two polynomials."""
    return [a + b for a, b in itertools.zip_longest(one, other, fillvalue=0)]


_SMALL = 1.5
_QUOTIENTS = {"float32": _quotient(6), "float64": _quotient(10)}
"""With as many terms as make the error up to 1.5 a hundredth of an ulp."""


@activation()
def tanh_shrink(x: Tensor) -> Tensor:
    """TanhShrink: `x - tanh(x)`.

    Accurate near 0 too, where the difference cancels: x³/3 there, with the gradient x².
    ±inf at ±inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.tanh_shrink([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.238  0.     1.036]

    Reference:
        As in `torch.nn.Tanhshrink`.
    """
    return _numerics.with_gradient(_tanh_shrink, _tanh_shrink_pullback, x)


def _tanh_shrink(x: Tensor) -> Tensor:
    small = _numerics.clip(x, -_SMALL, _SMALL)
    square = ops.square(small)
    above, below = _QUOTIENTS[keras.backend.standardize_dtype(x.dtype)]
    quotient = _numerics.polynomial(above, square) / _numerics.polynomial(below, square)
    near = small * square * quotient
    return ops.where(ops.abs(x) < _SMALL, near, x - _numerics.plain_tanh(x))


def _tanh_shrink_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    return gradient * ops.square(_numerics.tanh(x))


@activation()
def lisht(x: Tensor) -> Tensor:
    """LiSHT: `x * tanh(x)`.

    Even and never negative; +inf at ±inf.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.lisht([-1.0, 0.0, 2.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.762 0.    1.928]

    Reference:
        Roy, Manna, Dubey, Chaudhuri, 2019, "LiSHT: Non-Parametric Linearly Scaled
        Hyperbolic Tangent Activation Function", arXiv:1901.05894.
    """
    return _numerics.with_gradient(_lisht, _lisht_pullback, x)


def _lisht(x: Tensor) -> Tensor:
    return x * _numerics.plain_tanh(x)


def _lisht_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    # Where x is clipped, 1/cosh² x is 0, and a compiler that computes 4x first
    # does not overflow.
    near = _numerics.clip(x, -1000.0, 1000.0)
    return gradient * (_numerics.tanh(x) + near * _numerics.tanh_slope(near))


@activation()
def softsign(x: Tensor) -> Tensor:
    """Softsign: `x / (1 + |x|)`.

    ±1 at ±inf. The gradient, `1 / (1 + |x|)**2`, is accurate in both tails.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.softsign([-1.0, 0.0, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.5   0.    0.75]

    Reference:
        Bergstra, Desjardins, Lamblin, Bengio, 2009, "Quadratic Polynomials Learn Better
        Image Features", technical report 1337, Université de Montréal.
    """
    return _numerics.with_gradient(_softsign, _softsign_pullback, x)


def _softsign(x: Tensor) -> Tensor:
    largest = _numerics.largest(x)
    x = _numerics.clip(x, -largest, largest)  # a quotient of infinities is NaN
    return x / (1 + ops.abs(x))


def _softsign_pullback(x: Tensor, gradient: Tensor) -> Tensor:
    # TensorFlow's own kernel has no derivative.
    return gradient * ops.square(1 / (1 + ops.abs(x)))


_DYT_WEIGHTS = ("alpha", "gamma", "beta")


@activation(
    tensors=("x", *_DYT_WEIGHTS),
    checks=dict.fromkeys(_DYT_WEIGHTS, real_or_tensor(finite)),
)
def dyt(
    x: Tensor, alpha: Tensor = 0.5, gamma: Tensor = 1.0, beta: Tensor = 0.0
) -> Tensor:
    """DyT: `gamma * tanh(alpha * x) + beta`, in place of a layer normalization.

    `beta - gamma` at -inf, `beta + gamma` at +inf, for positive `alpha`.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        alpha: A number, or a tensor that broadcasts against `x`.
        gamma: A number, or a tensor that broadcasts against `x`.
        beta: A number, or a tensor that broadcasts against `x`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.dyt([-1.0, 0.0, 2.0], gamma=2.0)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.924  0.     1.523]

    Reference:
        Zhu, Chen, He, LeCun, Liu, 2025, "Transformers without Normalization",
        arXiv:2503.10622.
    """
    return gamma * _numerics.tanh(alpha * x) + beta
