"""Sparse distributions, found exactly by sorting."""

from typing import Any

from keras import ops

from keras_acts._checks import axis
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import position
from keras_acts.functional.softmax._common import (
    below_max,
    of_kept,
    shape_along,
    total,
)


def _candidates(x: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a search for the support of a sparse distribution needs.

    Returns:
        `x` with its largest element at 0, no element below -1 (those never are in the
        support), its elements in descending order without gradient, and 1, 2, 3, …
    """
    z = below_max(x, axis)
    z = ops.where(z < -1, _numerics.constant(-1.0, z), z)
    ordered = -ops.sort(-ops.stop_gradient(z), axis=axis)
    return z, ordered, _numerics.cumsum(ops.ones_like(ordered), axis)


def _largest_true(condition: Tensor, values: Tensor, axis: int) -> Tensor:
    """Return the value at the last place of an axis where the condition holds.

    The condition holds at the first places of the axis and fails at the others.
    """
    count = ops.sum(ops.cast(condition, "int32"), axis=axis, keepdims=True)
    # For NaN the condition holds nowhere: the count 0 must not give the index -1.
    index = ops.where(count > 0, count - 1, 0)
    return _numerics.take_along_axis(values, index, axis)


@activation(checks={"axis": axis}, output_shape=shape_along)
def sparsemax(x: Tensor, axis: int = -1, mask: Any = None) -> Tensor:
    """Sparsemax: the probability vector nearest to `x`.

    `max(x - τ, 0)`, with the τ that makes the sum 1. Finite `x` of any size are safe;
    an axis that holds NaN or +inf gives NaN. The gradient at `x = τ` is that of the
    side where the result is 0.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis over which the result sums to 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.sparsemax([0.0, 1.0, 1.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.   0.25 0.75]

    Reference:
        Martins, Astudillo, 2016, "From Softmax to Sparsemax: A Sparse Model of
        Attention and Multi-Label Classification", arXiv:1602.02068.
    """
    axis = position(axis, x)
    if x.shape[axis] == 0:
        return x
    if mask is not None:
        return of_kept(sparsemax.formula, x, axis, mask)
    z, ordered, k = _candidates(x, axis)
    taus = (_numerics.cumsum(ordered, axis) - 1) / k
    outside = z <= _largest_true(ordered > taus, taus, axis)
    # τ again, from the support alone: exact, and differentiable without the sort.
    inside = ops.where(outside, _numerics.constant(0.0, z), z)
    size = total(ops.where(outside, ops.zeros_like(z), ops.ones_like(z)), axis)
    tau = (total(inside, axis) - 1) / size
    return ops.where(outside, _numerics.constant(0.0, z), z - tau)


@activation(checks={"axis": axis}, output_shape=shape_along)
def entmax15(x: Tensor, axis: int = -1, mask: Any = None) -> Tensor:
    """Entmax15: 1.5-entmax, between softmax and sparsemax.

    `max(x / 2 - τ, 0)**2`, with the τ that makes the sum 1. Finite `x` of any size are
    safe; an axis that holds NaN or +inf gives NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        axis: The axis over which the result sums to 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Example:
        >>> y = functional.entmax15([0.0, 1.0, 1.5])
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.005 0.324 0.671]

    Reference:
        Peters, Niculae, Martins, 2019, "Sparse Sequence-to-Sequence Models",
        arXiv:1905.05702.
    """
    axis = position(axis, x)
    if x.shape[axis] == 0:
        return x
    if mask is not None:
        return of_kept(entmax15.formula, x, axis, mask)
    z, ordered, k = _candidates(x / 2, axis)
    mean = _numerics.cumsum(ordered, axis) / k
    variance = _numerics.cumsum(ops.square(ordered), axis) / k - ops.square(mean)
    gap = 1 / k - variance
    taus = mean - ops.sqrt(ops.where(gap > 0, gap, _numerics.constant(0.0, gap)))
    outside = z <= _largest_true(ordered > taus, taus, axis)
    # τ again, from the support alone, as in sparsemax; the root's argument is at
    # least 1/size² there.
    ones = ops.where(outside, ops.zeros_like(z), ops.ones_like(z))
    size = total(ones, axis)
    mean = total(ops.where(outside, _numerics.constant(0.0, z), z), axis) / size
    centred = ops.where(outside, _numerics.constant(0.0, z), z - mean)
    tau = mean - ops.sqrt((1 - total(ops.square(centred), axis)) / size)
    return ops.square(ops.where(outside, _numerics.constant(0.0, z), z - tau))
