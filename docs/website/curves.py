"""Curves on pages: the large pictures, small ones, and what the curves show."""

from __future__ import annotations

import functools
import io
import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from keras_acts import plotting
from keras_acts.plotting.curves import Curve, Group, groups
from keras_acts.plotting.features import SCAN
from keras_acts.plotting.numbers import values
from keras_acts.plotting.style import DARK, LIGHT, Theme

_WIDTH, _HEIGHT = 150, 96
_NEAR, _FAR = 50.0, 1000.0


def pictures(name: str) -> tuple[bytes, bytes]:
    """Return the picture of an activation as SVG, for light and for dark pages."""
    light = _svg(name, dark=False)
    known = {key for key, _ in _exchange()}
    used = {color.lower() for color in re.findall(r"#[0-9a-fA-F]{6}\b", light)}
    # Drawing takes a second. Only colours of a scale have no counterpart.
    dark = darkened(light) if used <= known else _svg(name, dark=True)
    return light.encode(), dark.encode()


def _svg(name: str, dark: bool) -> str:
    file = io.BytesIO()
    figure = plotting.plot(name, dark=dark, transparent=True)
    figure.savefig(file, format="svg")
    return file.getvalue().decode()


@functools.cache
def _exchange() -> tuple[tuple[str, str], ...]:
    """Return each colour of the light theme with that of the dark one."""
    return tuple(zip(_colors(LIGHT), _colors(DARK), strict=True))


def _colors(theme: Theme) -> list[str]:
    *single, lines, _ = astuple(theme)
    return [color.lower() for color in (*single, *lines)]


def darkened(svg: str) -> str:
    """Return a picture for light pages in the colours for dark ones."""
    exchange = dict(_exchange())
    return re.sub(r"#[0-9a-fA-F]{6}\b", lambda m: exchange.get(m[0].lower(), m[0]), svg)


@functools.cache
def group(name: str) -> Group:
    """Return the curves of an activation at its initial parameters."""
    (found,) = groups([name], vary=None, range=None, families=False)
    return found


def _main(found: Group) -> int:
    """Return the curve that stands for an activation: a gated one lets 1 through."""
    labels = list(found.bundle.labels)
    return found.bundle.main or (labels.index("a = 1") if "a = 1" in labels else 0)


@dataclass(frozen=True)
class Properties:
    """What a curve does, computed from it; of several inputs, as one of them varies.

    Attributes:
        low: Greatest lower bound of f, -inf where there is none.
        high: Least upper bound.
        monotonic: Whether f never falls, or never rises.
        continuous: Whether f doesn't jump.
        smooth: Whether f′ doesn't jump either.
        mean: Mean of f(x) where x is normally distributed.
        zero_at_zero: Whether f(0) is 0.
    """

    low: float
    high: float
    monotonic: bool
    continuous: bool
    smooth: bool
    mean: float
    zero_at_zero: bool

    @property
    def bounded(self) -> str:
        """On which sides f is bounded."""
        sides = math.isfinite(self.low), math.isfinite(self.high)
        return {
            (True, True): "yes",
            (True, False): "below",
            (False, True): "above",
            (False, False): "no",
        }[sides]

    @property
    def zero_centred(self) -> bool:
        """Whether the mean is 0 for normally distributed inputs."""
        return abs(self.mean) < 1e-3


def properties(name: str) -> Properties:
    """Return the properties of an activation with its defaults."""
    found = group(name)
    main = _main(found)
    features = found.features
    y = _at(found, SCAN)
    ends = [line.limit for line in (features.left[main], features.right[main]) if line]
    limits = [one for one in ends if math.isfinite(one)]
    low, high = (sign * _bound(sign * y, sign, limits) for sign in (-1, 1))
    tolerance = 1e-9 * max(1.0, float(np.nanmax(np.abs(y[np.abs(SCAN) < _NEAR]))))
    steps = np.diff(y[np.isfinite(y)])
    kinks = features.kinks[main]
    return Properties(
        low=low,
        high=high,
        monotonic=bool((steps >= -tolerance).all() or (steps <= tolerance).all()),
        continuous=not any(kink.jumps for kink in kinks),
        smooth=not kinks,
        mean=_mean(found),
        zero_at_zero=bool(abs(_at(found, np.zeros(1))[0]) < 1e-9),
    )


def _at(found: Group, x: np.ndarray) -> np.ndarray:
    count = len(found.bundle.labels)
    columns = np.repeat(x[:, None], count, axis=1)
    y = values(found.bundle.function, columns, found.bundle.precision)
    return y[:, _main(found)]


def _bound(y: np.ndarray, sign: int, limits: Sequence[float]) -> float:
    """Return the least upper bound of values that end in limits, or inf."""
    near = float(np.nanmax(y[np.abs(SCAN) < _NEAR]))
    far = float(np.nanmax(y))
    most = max([near, *(sign * one for one in limits)])
    return most if far <= most + 0.01 * max(1.0, abs(near)) else math.inf


def _mean(found: Group) -> float:
    """Return the mean over a normal distribution, by a fine sum."""
    x = np.linspace(-10, 10, 20001)
    weights = np.exp(-(x**2) / 2)
    return float((_at(found, x) * weights).sum() / weights.sum())


def thumbnail(name: str) -> str:
    """Return a small picture as SVG for inside of a page, in the page's colours."""
    found = group(name)
    curves = [curve for curve in found.curves if not curve.is_part]
    main = found.curves[_main(found)]
    x = main.x
    drawn = [curve.y for curve in curves]
    slopes = [main.slope] if len(curves) == 1 else []
    low, high = _ends(drawn)
    if slopes:
        # Of f′ what fits, so that a steep f is still seen.
        least, most = _ends(slopes)
        room = 0.6 * (high - low or 1)
        low, high = max(min(low, least), low - room), min(max(high, most), high + room)
    margin = 0.08 * (high - low or 1)
    box = float(x[0]), float(x[-1]), min(low, 0) - margin, max(high, 0) + margin
    lines = [_path(main, row, box, "slope") for row in slopes]
    lines += [
        _path(curve, curve.y, box, f"f f{min(i, 3)}") for i, curve in enumerate(curves)
    ]
    zero_x, zero_y = _place(0.0, 0.0, box)
    axes = f'<path class="axes" d="M0 {zero_y:.1f}H{_WIDTH}M{zero_x:.1f} 0V{_HEIGHT}"/>'
    head = f'<svg class="thumbnail" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
    return f'{head} aria-label="{name}">{axes}{"".join(lines)}</svg>'


def _ends(rows: Sequence[np.ndarray]) -> tuple[float, float]:
    shown = np.concatenate([row[np.isfinite(row)] for row in rows])
    low, high = np.quantile(shown, [0.005, 0.995])
    return float(low), float(high)


_Box = tuple[float, float, float, float]


def _place(x: float, y: float, box: _Box) -> tuple[float, float]:
    left, right, low, high = box
    down = _HEIGHT * (high - y) / (high - low)
    return _WIDTH * (x - left) / (right - left), min(max(down, -9), _HEIGHT + 9)


def _path(curve: Curve, y: np.ndarray, box: _Box, style: str) -> str:
    """Return a line, which is broken where f jumps."""
    breaks = [k.x for k in curve.kinks if k.jumps or style == "slope"]
    parts, last = [], -math.inf
    chosen = np.arange(0, len(y), 4)
    beside = np.searchsorted(curve.x, breaks)
    chosen = np.union1d(chosen, [i for b in beside for i in (b - 1, b)]).astype(int)
    for i in chosen[(chosen >= 0) & (chosen < len(y))]:
        at = float(curve.x[i])
        if not math.isfinite(y[i]):
            continue
        leaps = any(last < b <= at for b in breaks)
        px, py = _place(at, float(y[i]), box)
        parts.append(f"{'M' if leaps or not parts else 'L'}{px:.1f} {py:.1f}")
        last = at
    return f'<path class="{style}" d="{"".join(parts)}"/>'
