"""Curves in matplotlib's axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.plotting.curves import Curve
from keras_acts.plotting.features import Asymptote, Kink
from keras_acts.plotting.numbers import Array
from keras_acts.plotting.style import Theme

MARKED = 6
"""The most curves in a panel whose kinks are marked."""

FEW = 2
"""The most curves in a panel whose limits are marked."""


@dataclass(frozen=True)
class Look:
    """How one curve is drawn."""

    color: Any
    dash: str = "-"
    width: float = 1.9
    alpha: float = 1.0
    label: str | None = None


def draw_values(
    ax: Any, curves: Sequence[Curve], looks: Sequence[Look], theme: Theme, marks: bool
) -> None:
    """Draw f of each curve."""
    whole = [curve for curve in curves if not curve.is_part]
    if marks and len(whole) <= FEW:
        for curve in whole:
            _limits(ax, curve, theme, named=len(whole) == 1)
    for curve, look in _ordered(curves, looks):
        jumps = [kink.x for kink in curve.kinks if kink.jumps]
        _line(ax, curve.x, curve.y, jumps, look)
        _shade(ax, curve.x, curve.band, look)
        if not marks or curve.is_part or len(whole) > MARKED:
            continue
        for kink in _inside(curve):
            _mark_value(ax, kink, look, theme)


def draw_slopes(
    ax: Any,
    curves: Sequence[Curve],
    looks: Sequence[Look],
    theme: Theme,
    marks: bool,
) -> None:
    """Draw f′ of each curve, with what the backend gives at kinks."""
    whole = [curve for curve in curves if not curve.is_part]
    for curve, look in _ordered(curves, looks):
        if curve.is_part:
            continue
        _line(ax, curve.x, curve.slope, [kink.x for kink in curve.kinks], look)
        _shade(ax, curve.x, curve.slope_band, look)
        if not marks or len(whole) > MARKED:
            continue
        for kink in _inside(curve):
            _mark_slope(ax, kink, look, theme)


def _ordered(
    curves: Sequence[Curve], looks: Sequence[Look]
) -> Iterator[tuple[Curve, Look]]:
    """Yield the curves, what is thicker last."""
    pairs = zip(curves, looks, strict=True)
    yield from sorted(pairs, key=lambda pair: pair[1].width)


def _line(ax: Any, x: Array, y: Array, breaks: Sequence[float], look: Look) -> None:
    """Draw a line that is broken at some points, with one label."""
    places = np.searchsorted(x, sorted(breaks))
    xs, ys = (np.insert(one, places, np.nan) for one in (x, y))
    ax.plot(
        xs,
        np.where(np.isfinite(ys), ys, np.nan),
        color=look.color,
        linestyle=look.dash,
        linewidth=look.width,
        alpha=look.alpha,
        label=look.label,
        zorder=3 + look.width / 10,
    )


def _shade(ax: Any, x: Array, band: Array | None, look: Look) -> None:
    """Draw where a curve may lie."""
    if band is not None:
        ax.fill_between(x, *band, color=look.color, alpha=0.22, linewidth=0, zorder=2)


def _inside(curve: Curve) -> list[Kink]:
    low, high = curve.x[0], curve.x[-1]
    return [kink for kink in curve.kinks if low <= kink.x <= high]


def _dot(ax: Any, x: float, y: float, look: Look, theme: Theme, filled: bool) -> None:
    if not np.isfinite(y):
        return
    ax.plot(
        [x],
        [y],
        marker="o",
        markersize=4.6,
        markeredgewidth=1.3,
        color=look.color,
        markerfacecolor=look.color if filled else theme.background,
        linestyle="none",
        zorder=5 if filled else 4.5,
        clip_on=False,
    )


def _mark_value(ax: Any, kink: Kink, look: Look, theme: Theme) -> None:
    if kink.jumps:
        for side in (kink.before, kink.behind):
            if not np.isclose(side, kink.value, atol=1e-6):
                _dot(ax, kink.x, side, look, theme, filled=False)
    _dot(ax, kink.x, kink.value, look, theme, filled=True)


def _mark_slope(ax: Any, kink: Kink, look: Look, theme: Theme) -> None:
    for side in (kink.left, kink.right):
        if not np.isclose(side, kink.gradient, rtol=1e-4, atol=1e-6):
            _dot(ax, kink.x, side, look, theme, filled=False)
    _dot(ax, kink.x, kink.gradient, look, theme, filled=True)


def _limits(ax: Any, curve: Curve, theme: Theme, named: bool) -> None:
    """Draw the lines that a curve approaches, with the values of limits."""
    low, high = curve.x[0], curve.x[-1]
    sides: list[tuple[Asymptote | None, float, str, float]] = [
        (curve.left, min(low, 0.0), "right", high),
        (curve.right, max(high, 0.0), "left", low),
    ]
    style = {"color": theme.muted, "linewidth": 1.0, "linestyle": (0, (1, 2.2))}
    for line, end, anchor, far in sides:
        if line is None or (line.slope == 0 and line.intercept == 0):
            continue
        if line.slope:
            x = np.array([end, 0.0])
            ax.plot(x, line.at(x), zorder=2, **style)
            continue
        ax.plot([low, high], [line.intercept] * 2, zorder=2, **style)
        if named:
            below = line is curve.left
            ax.annotate(
                f"{line.intercept:.4g}".replace("-", "−"),
                (far, line.intercept),
                xytext=(0, 3 if below else -3),
                textcoords="offset points",
                ha=anchor,
                va="bottom" if below else "top",
                color=theme.muted,
                fontsize=8,
            )


def finish(ax: Any, theme: Theme, ends: tuple[float, float], label: str) -> None:
    """Draw the zero lines, set the range and name the axis."""
    ax.axhline(0, color=theme.zero, linewidth=0.9, zorder=1)
    ax.axvline(0, color=theme.zero, linewidth=0.9, zorder=1)
    ax.set_xlim(*ends)
    ax.set_xlabel(label)
    ax.margins(x=0)


def heights(
    curves: Sequence[Curve], of: Callable[[Curve], Array], whole: bool
) -> tuple[float, float] | None:
    """Return the range of y that shows curves, whole or without what outgrows them."""
    spans = []
    for curve in curves:
        y = of(curve)
        if curve.band is not None and y is curve.y:
            y = curve.band
        y = y[np.isfinite(y)]
        if len(y):
            spans.append((float(y.min()), float(y.max())))
    if not spans:
        return None
    lows, highs = zip(*spans, strict=True)
    low, high = min(lows), max(highs)
    if not whole:
        low, high = -_highest([-one for one in lows]), _highest(highs)
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.07 * (high - low or 1.0)
    return low - room, high + room


def _highest(ends: Sequence[float]) -> float:
    """Return the highest number, or a limit where it is far above all others."""
    *others, highest = sorted(ends)
    usual = 2 * max([1.0, *np.abs(others)])
    return highest if not others or highest <= 2 * usual else float(usual)
