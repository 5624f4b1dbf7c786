"""Entmax of any alpha, between softmax and sparsemax and beyond."""

from __future__ import annotations

import functools
from typing import Any

from keras import ops

from keras_acts._checks import at_least, axis, real_or_tensor
from keras_acts.functional import _numerics
from keras_acts.functional._activation import Tensor, activation
from keras_acts.functional._axes import position
from keras_acts.functional._pointwise import pointwise
from keras_acts.functional.softmax._common import (
    below_max,
    of_kept,
    shape_along,
    total,
)
from keras_acts.functional.softmax.dense import softmax
from keras_acts.functional.softmax.sparse import entmax15, sparsemax

LEAST = 1e-20
"""In place of a smaller `alpha - 1`, where both give the softmax."""
LOWEST = -1e4
"""A logarithm of what is 0 in every dtype."""
STEPS = 12
"""Of Newton's method. Up to alpha 2 eight give four digits, of any 20,000 elements;
each further one doubles the digits."""
BISECTIONS = 48
"""Steps for an alpha above 2, where the method may miss: every other one halves."""

_EXACT = {1: softmax, 1.5: entmax15, 2: sparsemax}


def _shape(
    x: Any, alpha: Any = 1.5, axis: int = -1, *_: Any, **__: Any
) -> tuple[int | None, ...]:
    """Return the shape of the result.

    Raises:
        ValueError: `x` has no such axis, or alpha differs along it.
    """
    _check_alpha(alpha, x, position(axis, x))
    return shape_along(x, axis)


def _check_alpha(alpha: Any, x: Any, axis: int) -> None:
    shape = tuple(getattr(alpha, "shape", ()))
    place = axis - len(x.shape) + len(shape)
    if place >= 0 and shape[place] != 1:
        raise ValueError(
            "`alpha` must be one number, or of size 1 along `axis`. Received: "
            f"alpha.shape={shape}, axis={axis}, x.shape={tuple(x.shape)}"
        )


@activation(
    tensors=("x", "alpha"),
    checks={"alpha": real_or_tensor(at_least(1)), "axis": axis},
    output_shape=_shape,
)
def entmax(x: Tensor, alpha: Tensor = 1.5, axis: int = -1, mask: Any = None) -> Tensor:
    """Entmax: `max((alpha - 1) * x - τ, 0)**(1 / (alpha - 1))`.

    With the τ that makes the sum 1: the softmax at alpha 1, 1.5-entmax at 1.5,
    sparsemax at 2, which are computed as those; τ of any other alpha is found by
    Newton's method. Differentiable in `x` and in `alpha`. Finite `x` of any size are
    safe; an axis that holds NaN or +inf gives NaN.

    Args:
        x: Tensor of rank 1 or more; float16, bfloat16, float32, float64 or an integer
            dtype.
        alpha: A number, 1 or above; or a tensor of numbers from 1 to 2, to which
            others are clipped. It broadcasts against `x`, and has size 1 along the
            axis.
        axis: The axis over which the result sums to 1.
        mask: As in `softmax`.

    Returns:
        A tensor of the shape and dtype of `x`; the default float for integers.

    Raises:
        ValueError: An argument is invalid, or `alpha` or `mask` does not fit.

    Example:
        >>> y = functional.entmax([0.0, 1.0, 1.5], alpha=1.25)
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [0.066 0.329 0.605]

    Reference:
        Peters, Niculae, Martins, 2019, "Sparse Sequence-to-Sequence Models",
        arXiv:1905.05702; the gradient of alpha: Correia, Niculae, Martins, 2019,
        "Adaptively Sparse Transformers", arXiv:1909.00015.
    """
    axis = position(axis, x)
    _check_alpha(alpha, x, axis)
    exact = _EXACT.get(alpha) if isinstance(alpha, int | float) else None
    if exact is not None:
        return exact.formula(x, axis, mask)
    if x.shape[axis] == 0:
        return x
    if mask is not None:
        return of_kept(functools.partial(_entmax, alpha=alpha), x, axis, mask)
    return _entmax(x, axis, alpha)


def _entmax(x: Tensor, axis: int, alpha: Tensor) -> Tensor:
    """Return `exp(log(z - s))`, s found where the sum is 1.

    With `z = x - max(x)` and the logarithm of `_logarithm`, so that τ is
    `(alpha - 1) * (max(x) + s) - 1`, and the limit at alpha 1 needs no branch.
    """
    z, steps = below_max(x, axis), STEPS
    if isinstance(alpha, int | float):
        e = _numerics.constant(max(alpha - 1, LEAST), x)
        steps = BISECTIONS if alpha > 2 else STEPS
    else:
        e = _numerics.clip(alpha - 1, LEAST, 1.0)
    s, slope = _solve(ops.stop_gradient(z), ops.stop_gradient(e), axis, steps)
    # Two more steps, of a constant slope: of their result the derivatives up to the
    # second order are those of the s that solves the equation.
    for _ in range(2):
        s = s + (total(_parts(z - s, e), axis) - 1) / slope
    parts = _parts(z - s, e)
    return parts / total(parts, axis)


def _solve(z: Tensor, e: Tensor, axis: int, steps: int) -> tuple[Tensor, Tensor]:
    """Return the s that makes the sum of the parts 1, and minus its derivative there.

    Newton's method for the norm `sum(parts)**e`, which is linear in s if all elements
    are equal, and convex for an e of at most 1; where a step leaves the interval that
    is known to hold s, it goes to the middle.
    """
    count = total(ops.ones_like(z), axis)
    low = ops.zeros_like(count)
    high = -_numerics.expm1(-e * ops.log(count)) / e
    s = low
    for i in range(steps):
        found, slope = _sum_and_slope(z - s, e, axis)
        low = ops.where(found >= 1, s, low)
        high = ops.where(found < 1, s, high)
        moved = s - found * _numerics.expm1(-e * ops.log(found)) / (e * slope)
        middle = (low + high) / 2
        halves = i >= STEPS and i % 2 == 0
        inside = ops.logical_and(moved >= low, moved <= high)
        s = middle if halves else ops.where(inside, moved, middle)
    return s, _sum_and_slope(z - s, e, axis)[1]


def _sum_and_slope(y: Tensor, e: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    logarithm, outside = _logarithm(y, e)
    zero = _numerics.constant(0.0, y)
    parts = ops.where(outside, zero, ops.exp(logarithm))
    slopes = ops.where(outside, zero, ops.exp((1 - e) * logarithm))
    return total(parts, axis), total(slopes, axis)


def _parts(y: Tensor, e: Tensor) -> Tensor:
    """Return `max(1 + e * y, 0)**(1 / e)` for y up to 0."""
    logarithm, outside = _logarithm(y, e)
    return ops.where(outside, _numerics.constant(0.0, y), ops.exp(logarithm))


def _logarithm(y: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
    """Return `log(1 + e * y) / e`, and where that is undefined or very small."""
    outside = ops.logical_or(1 + e * y <= 0, y <= LOWEST)
    inner = ops.where(outside, _numerics.constant(0.0, y), y)
    return pointwise(_log, (_log_by_y, _log_by_e), inner, e), outside


def _log(y: Tensor, e: Tensor) -> Tensor:
    return ops.log1p(e * y) / e


def _log_by_y(y: Tensor, e: Tensor) -> Tensor:
    return 1 / (1 + e * y)


def _log_by_e(y: Tensor, e: Tensor) -> Tensor:
    """Return `y² (w / (1 + w) - log(1 + w)) / w²` with `w = e * y`.

    In terms of `v = w / (2 + w)`, of which log(1 + w) is twice the area tangent, the
    difference does not cancel.
    """
    w = e * y
    v = w / (2 + w)
    quotient = -(2 + w) / (4 * (1 + w)) - v / 2 * _atanh_rest(v, w)
    return ops.square(y * (1 - v)) * quotient


_SERIES = [1 / (2 * i + 3) for i in range(14)]


def _atanh_rest(v: Tensor, w: Tensor) -> Tensor:
    """Return `(atanh(v) / v - 1) / v²`, that is 1/3 + v²/5 + v⁴/7 + …"""
    near = v > -0.25
    small = ops.where(near, v, _numerics.constant(0.0, v))
    far = ops.where(near, _numerics.constant(-0.5, v), v)
    log = ops.log1p(ops.where(near, _numerics.constant(-2 / 3, w), w))
    rest = (log / (2 * far) - 1) / ops.square(far)
    return ops.where(near, _numerics.polynomial(_SERIES, ops.square(small)), rest)
