"""Moments of a function of a unit normal variable, by adaptive quadrature in NumPy.

Gauss–Legendre on intervals that are halved wherever halving changes the sum: so kinks
and jumps need not be known, and fast oscillations are resolved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Function = Callable[[Array], npt.NDArray[Any]]
"""Takes points of the shape `(n,)` and returns `(n,)`, or `(n, channels)`."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_REACH = 16.0
"""Where the normal density is so small that even exp(4z) weighs nothing beyond."""
_START = np.concatenate([np.arange(-_REACH, 0, 0.5), np.arange(0, _REACH + 0.5, 0.5)])
"""The first intervals. Most kinks lie at multiples of 1/2, 0 among them."""
_DEEPEST = 44
_MOST_INTERVALS = 2048
_BATCH = 4096
"""Points of one call, always as many: JAX compiles anew for each shape."""


@dataclass(frozen=True)
class Moments:
    """Moments of f(z), z a unit normal variable.

    Attributes:
        mean: E[f(z)].
        second: E[f(z)²].
        fourth: E[f(z)⁴].
        weighted: E[f(z)² z²].
    """

    mean: float
    second: float
    fourth: float
    weighted: float


def moments(function: Function) -> Moments:
    """Return the moments of a function of a unit normal variable.

    Args:
        function: Takes points and returns the values there. Of several channels the
            moments are averaged.
    """
    left, right = _START[:-1], _START[1:]
    whole, eps = _integrals(function, left, right)
    total = np.zeros(4)
    for _ in range(_DEEPEST):
        middle = (left + right) / 2
        lefts, rights = (
            np.concatenate([left, middle]),
            np.concatenate([middle, right]),
        )
        halves, _ = _integrals(function, lefts, rights)
        both = halves[: len(left)] + halves[len(left) :]
        scale = np.abs(total + both.sum(0)) + np.finfo(np.float64).tiny
        scale[0] = max(
            scale[0], np.sqrt(scale[1])
        )  # a mean of 0 has no size of its own
        done = (np.abs(both - whole) <= 8 * eps * scale).all(1)
        if 2 * (~done).sum() > _MOST_INTERVALS:
            done[:] = True
        total += both[done].sum(0)
        keep = np.concatenate([~done, ~done])
        if not keep.any():
            return Moments(*map(float, total))
        left, right, whole = lefts[keep], rights[keep], halves[keep]
    return Moments(*map(float, total + whole.sum(0)))


def _integrals(function: Function, left: Array, right: Array) -> tuple[Array, float]:
    """Return the four integrals over each interval, and the epsilon of the values."""
    half = (right - left)[:, None] / 2
    z = (left + right)[:, None] / 2 + half * _NODES
    weights = half * _WEIGHTS * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    values, eps = _values(function, z.ravel())
    y = values.reshape(*z.shape, -1)
    parts = [y.mean(-1), (y**2).mean(-1), (y**4).mean(-1), (y**2).mean(-1) * z * z]
    return np.stack([(weights * part).sum(1) for part in parts], 1), eps


def _values(function: Function, points: Array) -> tuple[Array, float]:
    size = -(-len(points) // _BATCH) * _BATCH
    padded = np.pad(points, (0, size - len(points)))
    answers = [function(batch) for batch in np.split(padded, size // _BATCH)]
    values = np.concatenate(answers)[: len(points)]
    return values.astype(np.float64), float(np.finfo(values.dtype).eps)


def maximum_moments(pieces: int) -> Moments:
    """Return the moments of the largest of several independent unit normal variables.

    Args:
        pieces: How many there are.
    """
    erf = np.vectorize(math.erf)
    edges = np.linspace(-_REACH, _REACH, 65)
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1] + edges[1:])[:, None] / 2 + half * _NODES
    below = (1 + erf(z / math.sqrt(2))) / 2
    density = (
        pieces * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * below ** (pieces - 1)
    )
    weights = half * _WEIGHTS * density
    mean, second, fourth = (float((weights * z**n).sum()) for n in (1, 2, 4))
    # The function grows as its input does, so that E[f² z²], which tells of that, is
    # what it is for x: three times the second moment.
    return Moments(mean, second, fourth, 3 * second)
