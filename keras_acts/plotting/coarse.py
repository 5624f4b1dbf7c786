"""Kinks where there is no automatic differentiation, from central differences.

A difference smears a kink over its width, so that changes of f′ are compared over a
window of the scan that is wider.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_acts.plotting.numbers import (
    Array,
    Columns,
    Precision,
    values,
    values_and_derivatives,
)

_WINDOW = 8
"""Points of the scan over which f′ is compared: more than a difference spans."""

_STEEPER = 3.0
"""How much more than beside it f or f′ changes at a kink."""

_PARTS = 64

_FAR = 30.0
"""Beyond, a difference is too wide to tell kinks from waves."""


def kinks(
    function: Columns, scan: Array, y: Array, slopes: Array, precision: Precision
) -> list[set[float]]:
    """Return the kinks and jumps of each column.

    Args:
        function: The function.
        scan: Points in order, of shape `(n,)`.
        y: f at them, of shape `(n, k)`.
        slopes: f′ at them.
        precision: What can be told of it.
    """
    found: list[set[float]] = []
    for c in range(y.shape[1]):
        jumps = [_narrowed(function, c, y.shape[1], scan[i], scan[i + 1], precision)
                 for i in _leaps(y[:, c], scan, 1, precision)]  # fmt: skip
        bends = (
            float(scan[i] + scan[i + _WINDOW]) / 2
            for i in _leaps(slopes[:, c], scan, _WINDOW, precision)
        )
        real = {round(float(x), 4) + 0.0 for x in jumps if x is not None}
        for x in bends:
            near = 0.05 * max(1.0, abs(x))
            lone = all(abs(x - other) > near for other in real)
            if lone and _is_kink(function, c, y.shape[1], x, precision):
                real.add(round(x, 2) + 0.0)
        found.append(real)
    return found


def _leaps(row: Array, scan: Array, window: int, precision: Precision) -> Iterator[int]:
    """Yield where windows begin over which a row changes far more than beside."""
    near = row[(np.abs(scan) < 8) & np.isfinite(row)]
    size = float(np.ptp(near)) or 1.0
    with np.errstate(invalid="ignore"):
        change = np.abs(row[window:] - row[:-window])
    change = np.where(np.isfinite(change), change, 0.0)
    beside = np.zeros_like(change)
    beside[window:] = change[:-window]
    beside[:-window] = np.maximum(beside[:-window], change[window:])
    steep = (change > _STEEPER * beside) & (change > precision.least_jump * size)
    steep &= np.abs(scan[:-window]) < _FAR
    at = np.flatnonzero(steep)
    for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):
        if len(run):
            yield int(run[len(run) // 2])


def _narrowed(
    function: Columns,
    c: int,
    columns: int,
    low: float,
    high: float,
    precision: Precision,
) -> float | None:
    """Return the place of a jump of f, None where f does not jump."""
    change = whole = 0.0
    for _ in range(2):
        x = np.linspace(low, high, _PARTS)
        y = values(function, np.repeat(x[:, None], columns, axis=1), precision)[:, c]
        i = int(np.abs(np.diff(y)).argmax())
        change, whole = abs(y[i + 1] - y[i]), whole or abs(y[-1] - y[0])
        low, high = x[i], x[i + 1]
    return (low + high) / 2 if change > 0.5 * whole else None


def _is_kink(
    function: Columns, c: int, columns: int, x: float, precision: Precision
) -> bool:
    """Tell whether f′ changes more around a point than on either side of it."""
    far = 2 * precision.finest * max(1.0, abs(x))
    points = x + far * np.array([-3.0, -1.0, 1.0, 3.0])
    inputs = np.repeat(points[:, None], columns, axis=1)
    slopes = values_and_derivatives(function, inputs, precision)[1][:, c]
    if not np.all(np.isfinite(slopes)):
        return False
    left, middle, right = np.abs(np.diff(slopes))
    rounding = precision.least_jump * float(np.abs(slopes).max())
    return bool(middle > max(_STEEPER * max(left, right), rounding))
