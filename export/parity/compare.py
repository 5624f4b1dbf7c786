"""Compare one output of one run, and summarize many comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.export.parity.tolerances import Array, Tolerance, largest

_SUM_OF_CLASSES = 1e-2  # how far probabilities may sum from 1, for half precision


@dataclass(frozen=True)
class Worst:
    """The element whose error exceeds its tolerance most, or comes closest to it.

    Attributes:
        case: Name of the run.
        index: Its index in the output.
        input: The input at that index where input and output have the same shape,
            otherwise the range of that sample.
        expected: Keras's output.
        got: The ONNX model's output.
        excess: The error divided by the allowed error; above 1 it is a mismatch.
    """

    case: str
    index: tuple[int, ...]
    input: str
    expected: float
    got: float
    excess: float


@dataclass(frozen=True)
class Errors:
    """The largest error, the mean, and the 99th percentile."""

    max: float = 0.0
    mean: float = 0.0
    p99: float = 0.0

    @classmethod
    def of(cls, errors: Array) -> Errors:
        """Return the statistics of an array of errors, zeros if it is empty."""
        if not errors.size:
            return cls()
        p99 = float(np.percentile(errors, 99))
        return cls(float(errors.max()), float(errors.mean()), p99)


@dataclass(frozen=True)
class Comparison:
    """The comparison of one output in one run.

    Attributes:
        case: Name of the run.
        compared: Number of elements.
        mismatches: Number of elements beyond tolerance, including NaN or infinity on
            one side only, and infinities of different signs.
        nonfinite: Number of those mismatches that involve NaN or infinity.
        absolute: Errors of the finite elements.
        relative: Errors divided by the expected number, where that is not 0.
        max_ulps: Largest error in units in the last place.
        classes: Number of class distributions; 0 if the output is not one.
        classes_agreed: Number of those whose most probable class is the same.
        worst: The worst element, None if the output is empty.
        problem: Why nothing could be compared, for instance different shapes.
    """

    case: str
    compared: int = 0
    mismatches: int = 0
    nonfinite: int = 0
    absolute: Errors = Errors()
    relative: Errors = Errors()
    max_ulps: float = 0.0
    classes: int = 0
    classes_agreed: int = 0
    worst: Worst | None = None
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every element is within tolerance."""
        return not self.mismatches and self.problem is None


class NoTwinError(Exception):
    """A model has no copy in float64; the message says why."""


@dataclass(frozen=True)
class Witness:
    """What a model computes in float64, and how much of it its own dtype loses.

    Attributes:
        exact: The output in float64.
        slack: By how much a right file may exceed the allowed error, at least 1.
    """

    exact: Array
    slack: float = 1.0

    def excess(self, have: Array, allowed: Array, dtype: np.dtype[Any]) -> Array:
        """Return a file's error against float64, as a multiple of what is allowed."""
        exact = overflowing(self.exact, dtype)
        finite = np.isfinite(exact) & np.isfinite(have)
        same = (exact == have) | (np.isnan(exact) & np.isnan(have))
        error = np.where(finite, np.abs(have - exact), 0.0)
        return _excess(error, allowed * self.slack, finite, ~finite & ~same)


def overflowing(exact: Array, dtype: np.dtype[Any]) -> Array:
    """Return float64 numbers, infinite where a narrower dtype is."""
    if dtype.kind != "f":
        return exact.astype(np.float64)
    return np.where(np.isinf(exact.astype(dtype)), exact.astype(dtype), exact)


def rounding(expected: Array, exact: Array, allowed: Array) -> float:
    """Return Keras's own error against float64, as a multiple of what is allowed."""
    if expected.dtype.kind not in "fc" or expected.shape != exact.shape:
        return 0.0
    finite = np.isfinite(expected) & np.isfinite(exact)
    error = np.abs(np.subtract(expected, exact, where=finite, out=np.zeros_like(exact)))
    return float(_excess(error, allowed, finite, np.zeros_like(finite)).max(initial=0))


@np.errstate(over="ignore", invalid="ignore")
def compare(
    case: str,
    expected: Array,
    got: Array,
    tolerance: Tolerance,
    inputs: Sequence[Array] = (),
    *,
    magnitude: float = 0.0,
    output_scale: float = 0.0,
    input_scale: float = 1.0,
    witness: Witness | None = None,
) -> Comparison:
    """Compare two arrays element by element.

    Args:
        case: Name of the run.
        expected: Keras's output.
        got: The ONNX model's output.
        tolerance: The allowed error. Integers and booleans must be equal.
        inputs: The inputs of the run, to report the one at the worst element.
        magnitude: The largest value of that output on other inputs of this kind.
        output_scale: The largest value of that output on ordinary inputs.
        input_scale: The largest input, if sums lie between it and the output.
        witness: What float64 says, where that was asked.
    """
    if expected.shape != got.shape:
        return Comparison(
            case,
            problem=f"another shape: expected {expected.shape}, got {got.shape}",
        )
    exact = expected.dtype.kind not in "fc"
    want, have = expected.astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(want) & np.isfinite(have)
    same_nonfinite = ~finite & ((want == have) | (np.isnan(want) & np.isnan(have)))
    error = np.where(finite, np.abs(have - want), 0.0)
    magnitude = max(magnitude, largest(want))
    allowed = tolerance.allowed(want, magnitude, output_scale, input_scale)
    if exact:
        allowed = np.zeros_like(want)
    ulps = tolerance.ulps(np.where(finite, want, 1.0), error)
    nonfinite = ~finite & ~same_nonfinite
    excess = _excess(error, allowed, finite, nonfinite)
    if witness is not None:
        excess = np.minimum(excess, witness.excess(have, allowed, expected.dtype))
        nonfinite &= excess > 1
    bad = excess > 1
    relative = error[finite & (want != 0)] / np.abs(want[finite & (want != 0)])
    classes, agreed = _class_agreement(want, have)
    return Comparison(
        case,
        compared=want.size,
        mismatches=int(bad.sum()),
        nonfinite=int(nonfinite.sum()),
        absolute=Errors.of(error[finite]),
        relative=Errors.of(relative),
        max_ulps=float(ulps.max(initial=0.0)),
        classes=classes,
        classes_agreed=agreed,
        worst=_worst(case, want, have, excess, inputs),
    )


def _excess(error: Array, allowed: Array, finite: Array, nonfinite: Array) -> Array:
    parts = np.divide(error, allowed, out=np.zeros_like(error), where=allowed > 0)
    parts[(allowed == 0) & (error > 0)] = np.inf
    parts[~finite] = 0.0
    parts[nonfinite] = np.inf
    return parts


def _class_agreement(want: Array, have: Array) -> tuple[int, int]:
    """Count the distributions along the last axis, and those with the same mode."""
    if want.ndim < 2 or want.shape[-1] < 2 or not want.size:
        return 0, 0
    if not (np.isfinite(want).all() and (want >= 0).all()):
        return 0, 0
    if np.abs(want.sum(-1) - 1).max() > _SUM_OF_CLASSES:
        return 0, 0
    same = want.argmax(-1) == have.argmax(-1)
    return int(same.size), int(same.sum())


def _worst(
    case: str, want: Array, have: Array, excess: Array, inputs: Sequence[Array]
) -> Worst | None:
    if not want.size:
        return None
    index = tuple(int(i) for i in np.unravel_index(int(excess.argmax()), want.shape))
    return Worst(
        case,
        index,
        "; ".join(_input_at(x, index, want.shape) for x in inputs),
        float(want[index]),
        float(have[index]),
        float(excess[index]),
    )


def _input_at(x: Array, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if x.shape == shape:
        return f"{x[index]!s}"
    if x.ndim and shape and x.shape[0] == shape[0]:
        x = x[index[0]]
    if x.dtype.kind in "OSU":
        return f"{x.size} strings"
    numbers = x.astype(np.float64)
    return f"{numbers.min():.6g} to {numbers.max():.6g}" if x.size else "empty"


@dataclass(frozen=True)
class Summary:
    """Several comparisons of one output combined: sums, means and maxima."""

    compared: int
    mismatches: int
    nonfinite: int
    absolute: Errors
    relative: Errors
    max_ulps: float
    class_agreement: float | None
    worst: Worst | None
    problems: tuple[str, ...]


def summarize(comparisons: Sequence[Comparison]) -> Summary:
    """Combine comparisons; `p99` is the largest of the runs' percentiles."""
    compared = sum(one.compared for one in comparisons)
    classes = sum(one.classes for one in comparisons)
    agreed = sum(one.classes_agreed for one in comparisons)
    worst = [one.worst for one in comparisons if one.worst is not None]

    return Summary(
        compared=compared,
        mismatches=sum(one.mismatches for one in comparisons),
        nonfinite=sum(one.nonfinite for one in comparisons),
        absolute=_pooled([(one.absolute, one.compared) for one in comparisons]),
        relative=_pooled([(one.relative, one.compared) for one in comparisons]),
        max_ulps=max((one.max_ulps for one in comparisons), default=0.0),
        class_agreement=agreed / classes if classes else None,
        worst=max(worst, key=lambda one: one.excess, default=None),
        problems=tuple(
            f"{one.case}: {one.problem}" for one in comparisons if one.problem
        ),
    )


def _pooled(errors: Sequence[tuple[Errors, int]]) -> Errors:
    count = sum(n for _, n in errors)
    if not count:
        return Errors()
    return Errors(
        max=max(one.max for one, _ in errors),
        mean=sum(one.mean * n for one, n in errors) / count,
        p99=max(one.p99 for one, _ in errors),
    )
