"""The shrink family: a dead zone around 0, and the S-shaped ReLU."""

from typing import Any

from keras import ops

from keras_acts._checks import finite, non_negative, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._pointwise import pointwise


@activation(checks={"threshold": non_negative})
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """HardShrink: `x` where `|x| > threshold`, else 0.

    The gradient at `±threshold` is 0. NaN stays NaN.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        threshold: Half the width of the dead zone, 0 or above.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.hard_shrink([-2.0, 0.25, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-2.  0.  3.]

    Reference:
        Donoho, Johnstone, 1994, "Ideal spatial adaptation by wavelet shrinkage",
        Biometrika 81(3).
    """
    if _numerics.runs_on("torch"):
        return ops.hard_shrink(x, threshold)
    return ops.where(ops.abs(x) <= threshold, _numerics.constant(0.0, x), x)


@activation(checks={"threshold": non_negative})
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """SoftShrink: `sign(x) * max(|x| - threshold, 0)`.

    The gradient at `±threshold` is 0. NaN stays NaN.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        threshold: Half the width of the dead zone, 0 or above.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.soft_shrink([-2.0, 0.25, 3.0])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-1.5  0.   2.5]

    Reference:
        Donoho, Johnstone, 1994, "Ideal spatial adaptation by wavelet shrinkage",
        Biometrika 81(3).
    """
    if _numerics.runs_on("torch"):
        return ops.soft_shrink(x, threshold)
    outside = ops.where(x < 0, x + threshold, x - threshold)
    return ops.where(ops.abs(x) <= threshold, _numerics.constant(0.0, x), outside)


_SRELU_WEIGHTS = ("t_left", "a_left", "t_right", "a_right")


@activation(
    tensors=("x", *_SRELU_WEIGHTS),
    checks=dict.fromkeys(_SRELU_WEIGHTS, real_or_tensor(finite)),
)
def srelu(
    x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor
) -> Tensor:
    """SReLU: the identity between two thresholds, a slope of its own beyond each.

    `t_right + a_right * (x - t_right)` where `x >= t_right`, else
    `t_left + a_left * (x - t_left)` where `x <= t_left`, else `x`. The gradient at a
    threshold is the outer slope; where training has made the left threshold pass the
    right one, the right part comes first. A slope of 0 gives NaN at infinity.

    Args:
        x: Tensor of any shape; float16, bfloat16, float32, float64 or an integer dtype.
        t_left: Left threshold; like all, a number or a tensor that broadcasts
            against `x`.
        a_left: Slope up to the left threshold.
        t_right: Right threshold.
        a_right: Slope from the right threshold on.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.srelu([-2.0, 1.0, 5.0], 0.0, 0.1, 4.0, 0.5)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [-0.2  1.   4.5]

    Reference:
        Jin, Xu, Feng, Wei, Xiong, Yan, 2016, "Deep Learning with S-shaped Rectified
        Linear Activation Units", AAAI, arXiv:1512.07030.
    """
    return pointwise(_srelu, _SRELU_SLOPES, x, t_left, a_left, t_right, a_right)


def _srelu(
    x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor
) -> Tensor:
    left = t_left + a_left * (x - t_left)
    right = t_right + a_right * (x - t_right)
    return _of_parts(x, t_left, t_right, left, x, right)


def _of_parts(
    x: Tensor, t_left: Tensor, t_right: Tensor, left: Any, middle: Any, right: Any
) -> Tensor:
    """Return what stands for the part that each element belongs to."""
    left, middle, right = (
        _numerics.constant(part, x) if isinstance(part, float) else part
        for part in (left, middle, right)
    )
    return ops.where(x >= t_right, right, ops.where(x <= t_left, left, middle))


def _by_x(
    x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor
) -> Tensor:
    return _of_parts(x, t_left, t_right, a_left, 1.0, a_right)


def _by_t_left(
    x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, _: Tensor
) -> Tensor:
    return _of_parts(x, t_left, t_right, 1 - a_left, 0.0, 0.0)


def _by_a_left(
    x: Tensor, t_left: Tensor, _: Tensor, t_right: Tensor, _a_right: Tensor
) -> Tensor:
    return _of_parts(x, t_left, t_right, x - t_left, 0.0, 0.0)


def _by_t_right(
    x: Tensor, t_left: Tensor, _: Tensor, t_right: Tensor, a_right: Tensor
) -> Tensor:
    return _of_parts(x, t_left, t_right, 0.0, 0.0, 1 - a_right)


def _by_a_right(
    x: Tensor, t_left: Tensor, _: Tensor, t_right: Tensor, _a_right: Tensor
) -> Tensor:
    return _of_parts(x, t_left, t_right, 0.0, 0.0, x - t_right)


_SRELU_SLOPES = (_by_x, _by_t_left, _by_a_left, _by_t_right, _by_a_right)
