"""What a function does, found by evaluating it: kinks, jumps, limits, where it bends.

Nothing here knows an activation by its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_acts.plotting import coarse
from keras_acts.plotting.numbers import (
    Array,
    Columns,
    Precision,
    values,
    values_and_derivatives,
)

SCAN = 0.5 * np.sinh(np.linspace(-8.3, 8.3, 4096) + 1.3e-4)
"""Where a function is looked at: finely around 0, up to ±1000, at no round number."""

_PARTS = 63
"""Into how many parts an interval is cut in search of a kink."""

_BENDS = 0.01
"""The part of all changes of f′ that is left out at either end."""

_RISES = 2.5
"""How far to show a function that grows faster than any line."""


@dataclass(frozen=True)
class Kink:
    """A point where f has no derivative, or f itself jumps.

    Attributes:
        x: The point.
        left: f′ before it.
        right: f′ behind it.
        gradient: What the backend gives for f′ at it; NaN where it has no automatic
            differentiation.
        value: f at it.
        before: f's limit before it.
        behind: f's limit behind it.
        jumps: Whether f itself jumps.
    """

    x: float
    left: float
    right: float
    gradient: float
    value: float
    before: float
    behind: float
    jumps: bool


@dataclass(frozen=True)
class Asymptote:
    """The line `slope * x + intercept` that a function approaches on one side."""

    slope: float
    intercept: float

    @property
    def limit(self) -> float:
        """The limit of the function."""
        return self.intercept if self.slope == 0 else math.inf

    def at(self, x: Array) -> Array:
        """Return the line at `x`."""
        return self.slope * x + self.intercept


def broadcast(x: Array, columns: int) -> Array:
    """Return the points as the inputs of each of several columns."""
    return np.repeat(x[:, None], columns, axis=1)


@dataclass(frozen=True)
class Features:
    """What was found of each column of a function.

    Attributes:
        kinks: The kinks of each, from left to right.
        left: The asymptote of each towards -inf; None where there is none.
        right: The same towards +inf.
        low: Where the part worth showing begins, of all columns together.
        high: Where it ends.
    """

    kinks: tuple[tuple[Kink, ...], ...]
    left: tuple[Asymptote | None, ...]
    right: tuple[Asymptote | None, ...]
    low: float
    high: float


def features(
    function: Columns, columns: int, precision: Precision, main: int | None = None
) -> Features:
    """Look for the features of each column of a function.

    Args:
        function: The function.
        columns: Number of its columns.
        precision: What can be told of it.
        main: The column whose bends are shown, and the kinks of the others; None for
            those of all.
    """
    y, slopes = values_and_derivatives(function, broadcast(SCAN, columns), precision)
    kinks = _kinks(function, y, slopes, precision)
    left, right = (
        tuple(_asymptotes(function, columns, sign, precision)) for sign in (-1, 1)
    )
    everywhere = tuple(one for own in kinks for one in own)
    shown_kinks = kinks if main is None else (everywhere,) * columns
    shown = [
        _shown(slopes[:, c], shown_kinks[c], left[c], right[c], precision)
        for c in range(columns)
        if main in (None, c)
    ]
    low, high = _nice(min(low for low, _ in shown), max(high for _, high in shown))
    return Features(kinks, left, right, low, high)


def _kinks(
    function: Columns, y: Array, slopes: Array, precision: Precision
) -> tuple[tuple[Kink, ...], ...]:
    columns = y.shape[1]
    sizes = [_size(y), _size(slopes)]
    found: list[set[float]] = [set() for _ in range(columns)]
    if not precision.automatic:
        found = coarse.kinks(function, SCAN, y, slopes, precision)
        return _described(function, found, sizes, precision)
    start = [
        (part, c, i)
        for part, (rows, size) in enumerate(zip((y, slopes), sizes, strict=True))
        for i, c in np.argwhere(_leaps(rows, precision.least_jump * size))
    ]
    if not start:
        return tuple(() for _ in range(columns))
    parts, cs = (np.array([one[k] for one in start]) for k in (0, 1))
    low = SCAN[[i for *_, i in start]]
    high = SCAN[[i + 1 for *_, i in start]]
    while len(low):
        low, high, jumps, size = _narrowed(
            function, columns, parts, cs, low, high, precision
        )
        usual = np.array(sizes)[parts, cs]
        keep = jumps > precision.least_jump * np.maximum(usual, size)
        parts, cs, low, high = (one[keep] for one in (parts, cs, low, high))
        finest = precision.finest * np.maximum(np.abs(low), 0.01)
        if np.all(high - low <= finest):
            break
    for c, a, b in zip(cs, low, high, strict=True):
        found[c].add(_rounded((a + b) / 2, precision))
    return _described(function, found, sizes, precision)


def _size(rows: Array) -> Array:
    """Return how much each column varies near 0, which all jumps are compared with."""
    near = np.where(np.isfinite(rows), rows, np.nan)[np.abs(SCAN) < 8]
    none = np.isnan(near).all(axis=0)
    near[:, none] = 0.0  # where nothing is known
    size: Array = np.nanmax(near, axis=0) - np.nanmin(near, axis=0)
    return np.where(size > 0, size, 1.0)


def _leaps(rows: Array, least: Array) -> np.ndarray:
    """Tell where a column changes much more than just before and just behind."""
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(rows, axis=0))
    change = np.where(np.isfinite(change), change, 0.0)
    beside = np.zeros_like(change)
    beside[1:] = change[:-1]
    beside[:-1] = np.maximum(beside[:-1], change[1:])
    return (change > 4 * beside) & (change > least)


def _narrowed(
    function: Columns,
    columns: int,
    parts: np.ndarray,
    cs: np.ndarray,
    low: Array,
    high: Array,
    precision: Precision,
) -> tuple[Array, Array, Array, Array]:
    """Return the part of each interval over which f or f′ changes most.

    The two ends, the change over it, and the size of what changes.
    """
    # An odd number of parts, so that no kink in the middle stays on a point.
    x = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _PARTS + 1)
    both = values_and_derivatives(function, broadcast(x.ravel(), columns), precision)
    rows = np.arange(len(low))
    shaped = np.stack(both).reshape(2, *x.shape, columns)
    own = shaped[parts, rows, :, cs]
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(own, axis=1))
    change = np.where(np.isfinite(change), change, 0.0)
    most = change.argmax(axis=1)
    end = most + 1
    return x[rows, most], x[rows, end], change[rows, most], np.abs(own[rows, most])


def _rounded(x: float, precision: Precision) -> float:
    """Return a point without the digits that the search does not give."""
    return round(float(x), _digits(precision)) + 0.0


def _digits(precision: Precision) -> int:
    return 8 if precision.finest < 1e-8 else 4 if precision.finest < 1e-3 else 2


def _described(
    function: Columns,
    found: list[set[float]],
    sizes: list[Array],
    precision: Precision,
) -> tuple[tuple[Kink, ...], ...]:
    points = sorted(set().union(*found))
    if not points:
        return tuple(() for _ in found)
    at = np.array(points)
    beside = margin(at, precision)
    x = np.concatenate([at - beside, at, at + beside])
    both = values_and_derivatives(function, broadcast(x, len(found)), precision)
    y, slopes = (one.reshape(3, len(points), len(found)) for one in both)
    if not precision.automatic:
        slopes[1] = np.nan
    described = []
    for c, own in enumerate(found):
        least = max(precision.least_jump, 1e-4) * float(sizes[0][c])
        risen = beside * (1 + 2 * np.abs(slopes[[0, 2], :, c]).sum(axis=0))
        described.append(
            tuple(
                Kink(
                    *(points[i], slopes[0, i, c], slopes[2, i, c], slopes[1, i, c]),
                    *(y[1, i, c], y[0, i, c], y[2, i, c]),
                    jumps=bool(abs(y[2, i, c] - y[0, i, c]) > least + risen[i]),
                )
                for i in range(len(points))
                if points[i] in own
            )
        )
    return tuple(described)


def margin(x: Array, precision: Precision) -> Array:
    """Return how far beside a kink f′ is that of one side alone."""
    beside = max(2 * precision.finest, 2 * 10.0 ** -_digits(precision))
    return np.asarray(beside * np.maximum(np.abs(x), 1))


def _asymptotes(
    function: Columns, columns: int, sign: int, precision: Precision
) -> list[Asymptote | None]:
    wide = precision.dtype == "float64"
    far = sign * np.array([1.0, 3.1, 7.7, 10.0]) * (1e6 if wide else 1e3)
    y = values(function, broadcast(far, columns), precision)
    near = 1e-3 if wide else 1e-2
    return [_line(far, y[:, c], near) for c in range(columns)]


def _line(x: Array, y: Array, near: float) -> Asymptote | None:
    """Return the line through points, or None where they are on none."""
    if not np.all(np.isfinite(y)):
        return None
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    intercepts = y - slope * x
    if np.ptp(intercepts) > near * max(1.0, float(np.abs(intercepts).max())):
        return None
    digits = 7 if near < 5e-3 else 3
    # + 0.0 makes 0 of -0
    intercept = round(float(intercepts[-1]), min(digits, 5)) + 0.0
    return Asymptote(round(float(slope), digits + 1) + 0.0, intercept)


def _shown(
    slopes: Array,
    kinks: tuple[Kink, ...],
    left: Asymptote | None,
    right: Asymptote | None,
    precision: Precision,
) -> tuple[float, float]:
    """Return the part of the axis where a function does what is worth seeing."""
    ends = {
        sign: _waves(slopes, sign, precision) or sign * _RISES
        for sign, line in ((-1, left), (1, right))
        if line is None
    }
    at = [one.x for one in kinks]
    low, high = (
        _at_kink(edge, at, precision) for edge in _bends(slopes, ends, precision)
    )
    low, high = min([low, *at]), max([high, *at])
    width = high - low or 6.0
    edges = []
    for edge, sign in ((low, -1), (high, 1)):
        if sign in ends:
            edges.append(sign * max(abs(ends[sign]), abs(edge) if at else 0.0))
            continue
        abrupt = any(abs(edge - x) < 0.05 * width for x in at) or edge == 0
        edges.append(edge + sign * (0.4 if abrupt else 0.16) * width)
    low, high = edges
    least = 0.6
    return min(low, -least * high), max(high, -least * low)


def _at_kink(edge: float, kinks: list[float], precision: Precision) -> float:
    """Return the kink that an edge of the scan stands for, else the edge."""
    near = [
        x
        for x in kinks
        if abs(x - edge) < max(0.01, 2 * precision.finest) * math.hypot(x, 0.5)
    ]
    return near[0] if near else edge


def _bends(
    slopes: Array, ends: Mapping[int, float], precision: Precision
) -> tuple[float, float]:
    """Return the part outside of which f′ hardly changes any more, around 0.

    What changes far from 0 counts less, as inputs seldom get there.
    """
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(slopes))
    seen = (ends.get(-1, -np.inf) <= SCAN) & (ends.get(1, np.inf) >= SCAN)
    size = np.abs(slopes[seen & np.isfinite(slopes)]).max(initial=1e-3)
    known = np.isfinite(change) & seen[1:] & seen[:-1]
    change = np.where(known & (change > precision.noise * size), change, 0.0)
    total = np.cumsum(change / (1 + (SCAN[1:] / 5) ** 2))
    if not total[-1]:
        return 0.0, 0.0
    first, last = np.searchsorted(total, [_BENDS * total[-1], (1 - _BENDS) * total[-1]])
    return min(float(SCAN[first]), 0.0), max(float(SCAN[last + 1]), 0.0)


def _waves(slopes: Array, sign: int, precision: Precision) -> float | None:
    """Return where some waves have passed on one side, None where there are none."""
    half = (np.sign(SCAN) == sign) & np.isfinite(slopes)
    order = np.argsort(np.abs(SCAN[half]))
    x, along = SCAN[half][order], slopes[half][order]
    steps = np.diff(along)
    noise = precision.noise * float(np.abs(along).max(initial=0.0))
    signs = np.sign(np.where(np.abs(steps) > noise, steps, 0.0))
    moving = np.flatnonzero(signs)
    turns = moving[1:][np.diff(signs[moving]) != 0]
    return sign * float(abs(x[turns[4]])) if len(turns) >= 12 else None


def _nice(low: float, high: float) -> tuple[float, float]:
    """Return a range with round ends around another."""
    step = 10.0 ** math.floor(math.log10((high - low) / 2)) / 2
    ends = math.floor(low / step + 0.2) * step, math.ceil(high / step - 0.2) * step
    return round(ends[0], 9), round(ends[1], 9)
