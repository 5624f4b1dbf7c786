"""Where a function is flat, found from its own derivative and not from its name.

A function is saturated where |f'| is below a share of its largest value. Activations
saturate at their ends, so this is the part left of a point, `low`, and the part right
of another, `high`: two numbers, with which a batch is judged by two comparisons.

The derivative is sampled on a grid through the backend's own gradient, or by
differences where the backend has none. The largest |f'| counts as 1 at most: a function
whose slope grows without bound, as exp, is not flat wherever it is less steep than far
out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Calculus(Protocol):
    """How the backend evaluates a function, and its derivative, at points."""

    def values(self, function: Callable[..., Any], points: Array) -> Array:
        """Return what a function gives at points."""

    def derivative(self, function: Callable[..., Any], points: Array) -> Array:
        """Return the derivative of a function of single elements at points."""


SATURATED_BELOW = 0.01
"""The share of the largest slope below which a function is saturated."""

_REACH = 40.0
_STEP = 0.05
_SHORTEST = 2.0
"""How long a flat end is at least: a periodic function may be flat at a point."""

_MOST_PROBED = 1 << 22
_LEAST_POINTS = 161
_LARGEST_AXIS = 8


@dataclass(frozen=True)
class Slope:
    """Where a function of single elements is flat.

    Attributes:
        low: It is saturated from here down; None if it isn't at that end.
        high: It is saturated from here up; None if it isn't at that end.
        flat_at_zero: Whether it is 0, and flat, at 0.
        zero_where_low: Whether it is 0 exactly where it is saturated.
    """

    low: Array | None
    high: Array | None
    flat_at_zero: bool
    zero_where_low: bool


def slope_of(
    function: Callable[..., Any],
    shape: tuple[int, ...],
    calculus: Calculus,
    *,
    has_weights: bool,
    below: float = SATURATED_BELOW,
) -> Slope | None:
    """Find where a function is flat.

    Args:
        function: The activation.
        shape: The shape of its input without the batch.
        calculus: The backend's.
        has_weights: Whether the elements may have functions of their own.
        below: The share of the largest slope below which it is saturated.

    Returns:
        None if an output depends on more than the input at its place, as softmax's
        does.
    """
    try:
        if not _is_pointwise(function, shape, calculus, has_weights):
            return None
        where = shape if has_weights else (1,) * len(shape)
        grid = _grid(math.prod(where))
        points = np.broadcast_to(
            grid.reshape(-1, *(1 for _ in where)), (len(grid), *where)
        ).astype("float32")
        slopes = np.abs(calculus.derivative(function, points))
        values = calculus.values(function, points)
    except Exception:  # any code of a user's, which may want other inputs
        return None
    return _slope(grid, slopes, values, below)


def _is_pointwise(
    function: Callable[..., Any],
    shape: tuple[int, ...],
    calculus: Calculus,
    has_weights: bool,
) -> bool:
    """Whether an output depends on the input at its place alone."""
    sizes = shape if has_weights else tuple(min(n, _LARGEST_AXIS) for n in shape)
    draw = np.random.default_rng(0)
    one = draw.normal(size=(2, *sizes)).astype("float32")
    changed = draw.random(one.shape) < 0.5
    other = np.where(changed, one + 1.5, one).astype("float32")
    found = calculus.values(function, np.concatenate([one, other]))
    if found.shape != (4, *sizes):
        return False
    return bool(np.array_equal(found[:2][~changed], found[2:][~changed]))


def _grid(elements: int) -> Array:
    """Return points from left to right, 0 and other round numbers among them."""
    points = int(np.clip(_MOST_PROBED // elements, _LEAST_POINTS, 2 * _REACH / _STEP))
    half = points // 2
    return np.round(np.linspace(-_REACH, _REACH, 2 * half + 1), 2)


def _slope(grid: Array, slopes: Array, values: Array, below: float) -> Slope:
    steep = np.where(np.isfinite(slopes), slopes, np.inf)
    largest = np.minimum(steep.max(axis=0, keepdims=True), 1.0)
    # A slope that is the share itself, as LeakyReLU's 0.01, is not below it.
    flat = steep < 0.99 * below * largest
    flat |= steep == 0
    _close(flat, values)
    low, high = _ends(grid, flat)
    at_zero = len(grid) // 2
    return Slope(
        low,
        high,
        bool((flat[at_zero] & (values[at_zero] == 0)).all()),
        high is None and bool(((values == 0) == flat).all()),
    )


def _close(flat: Array, values: Array) -> None:
    """Let the point of a kink belong to the flat part that ends there.

    A backend may give the mean of both sides' slopes there.
    """
    left = flat[:-1] & (values[1:] == values[:-1])
    right = flat[1:] & (values[1:] == values[:-1])
    flat[1:] |= left
    flat[:-1] |= right


def _ends(grid: Array, flat: Array) -> tuple[Array | None, Array | None]:
    """Return the last flat point from the left, and from the right."""
    from_left = np.logical_and.accumulate(flat, axis=0).sum(axis=0)
    from_right = np.logical_and.accumulate(flat[::-1], axis=0).sum(axis=0)
    shortest = _SHORTEST / (grid[1] - grid[0])
    from_left, from_right = (
        np.where(n < shortest, 0, n) for n in (from_left, from_right)
    )
    low = np.where(from_left > 0, grid[np.maximum(from_left, 1) - 1], -np.inf)
    high = np.where(from_right > 0, grid[len(grid) - np.maximum(from_right, 1)], np.inf)
    return _compact(low, -np.inf), _compact(high, np.inf)


def _compact(points: Array, never: float) -> Array | None:
    """Return one point where all are equal, and None where there is none."""
    if (points == never).all():
        return None
    first = points.reshape(-1)[0]
    points = first if (points == first).all() else points
    return np.asarray(points, "float32")
