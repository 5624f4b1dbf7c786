"""Compare outputs that draw random numbers: by their distribution.

Both sides run many times on the same input, or once on many equal samples where the
draws are the same in each run. What is compared are the distributions of

1. each element over the runs;
2. numbers that sum up one run: its mean, its mean square deviation, and how much of it
   lies below quantiles of its elements. They show what a single element hides.

Two of them agree if Kolmogorov and Smirnov's distance, the largest difference of the
cumulative shares, is one that equal distributions exceed once in a million comparisons
of an output. Numbers closer than the tolerance of the dtype count as equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keras_acts.export.parity.compare import Comparison
from keras_acts.export.parity.tolerances import Array

RUNS = 200
LEAST_RUNS = 50
SAMPLES = 512
"""Equal samples of one run, where draws are the same in each."""

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST_ELEMENTS = 256
_MOST_SUMMED = 8192
_FALSE_ALARMS = 1e-6
_ROUNDING = 1e-5
"""Relative error of a mean of a run, in float32."""


@dataclass(frozen=True)
class Moments:
    """A distribution in numbers: mean, standard deviation, and quantiles.

    The quantiles are those of 5, 25, 50, 75 and 95%.
    """

    mean: float
    deviation: float
    quantiles: tuple[float, ...]

    @classmethod
    def of(cls, samples: Array) -> Moments:
        """Return the moments of all finite numbers of an array, zeros of none."""
        finite = samples[np.isfinite(samples)]
        if not finite.size:
            return cls(0.0, 0.0, (0.0,) * len(_QUANTILES))
        quantiles = np.quantile(finite, _QUANTILES)
        return cls(
            float(finite.mean()), float(finite.std()), tuple(map(float, quantiles))
        )


@dataclass(frozen=True)
class Distribution:
    """The comparison of one output by its distribution.

    Attributes:
        case: Name of the run.
        samples: How many runs there were, or equal samples in one run.
        distance: The largest distance of two distributions, from 0 to 1.
        allowed: The distance that is allowed.
        expected: All numbers of Keras.
        got: All numbers of the ONNX model.
    """

    case: str
    samples: int
    distance: float
    allowed: float
    expected: Moments
    got: Moments


def compare_draws(
    case: str, expected: Array, got: Array, rounding: float
) -> tuple[Distribution | None, Comparison]:
    """Compare samples of an output, one for each index of the first axis.

    Args:
        case: Name of the run.
        expected: Keras's.
        got: The ONNX model's.
        rounding: How far apart equal numbers may be.
    """
    if expected.shape[1:] != got.shape[1:]:
        shapes = f"expected {expected.shape[1:]}, got {got.shape[1:]}"
        return None, Comparison(case, problem=f"another shape: {shapes}")
    want, have = _flat(expected), _flat(got)
    found = _distances(want, have, rounding)
    n, m = len(want), len(have)
    chance = _FALSE_ALARMS / max(1, len(found))
    allowed = math.sqrt(-math.log(chance / 2) / 2 * (n + m) / (n * m))
    distance = max(found, default=0.0)
    compared = Distribution(
        case, n, distance, allowed, Moments.of(want), Moments.of(have)
    )
    return compared, Comparison(
        case, compared=int(want.size), problem=_problem(compared, want, have)
    )


def _problem(found: Distribution, want: Array, have: Array) -> str | None:
    if not want.size or found.distance <= found.allowed:
        return None
    if np.ptp(have, axis=0).max() == 0 < np.ptp(want, axis=0).max():
        return "the same numbers in each run or sample, where Keras draws others"
    a, b = found.expected, found.got
    return (
        f"another distribution, {found.distance:.2f} apart, {found.allowed:.2f} "
        f"allowed: expected mean {a.mean:.4g} and deviation {a.deviation:.4g}, "
        f"got {b.mean:.4g} and {b.deviation:.4g}"
    )


def _flat(samples: Array) -> Array:
    """Return samples as rows of float64, some elements of them if there are many.

    They are in any order, the same for equal shapes.
    """
    rows = samples.reshape(len(samples), -1)
    order = np.random.default_rng(0).permutation(rows.shape[1])[:_MOST_SUMMED]
    rows = rows[:, order].astype(np.float64)
    return np.where(np.isnan(rows), np.inf, rows)


def _distances(want: Array, have: Array, rounding: float) -> list[float]:
    """Return the distance of each element and of each number that sums up a run."""
    pairs = zip(want.T[:_MOST_ELEMENTS], have.T[:_MOST_ELEMENTS], strict=True)
    elements = [_distance(a, b, rounding) for a, b in pairs]
    if want.shape[1] < 2:
        return elements
    both = np.concatenate([want, have])
    center = np.where(np.isfinite(both).all(0), both.mean(0), 0.0)
    levels = np.quantile(both, _QUANTILES, axis=0, method="lower") + rounding
    for a, b in zip(
        _summaries(want, center, levels), _summaries(have, center, levels), strict=True
    ):
        slack = rounding + _ROUNDING * float(np.abs(a).max(initial=0.0))
        elements.append(_distance(a, b, slack))
    return elements


def _summaries(samples: Array, center: Array, levels: Array) -> list[Array]:
    """Return numbers that sum up each sample: mean, deviation, shares below levels."""
    finite = _finite(samples)
    shares = [(samples <= level).mean(1) for level in levels]
    return [finite.mean(1), np.square(finite - center).mean(1), *shares]


def _finite(x: Array) -> Array:
    return np.where(np.isfinite(x), x, 0.0)


def _distance(a: Array, b: Array, rounding: float) -> float:
    """Return the largest difference of two cumulative shares, numbers being rounded."""
    a, b = np.sort(a), np.sort(b)
    at = np.concatenate([a, b])
    return max(
        float((_share(a, at - rounding) - _share(b, at)).max(initial=0.0)),
        float((_share(b, at - rounding) - _share(a, at)).max(initial=0.0)),
    )


def _share(sorted_numbers: Array, at: Array) -> Array:
    """Return the share of numbers that are at most as large as each of others."""
    shares: Array = np.searchsorted(sorted_numbers, at, side="right") / max(
        1, len(sorted_numbers)
    )
    return shares
