"""The answers of a model in lower precision, beside those of the model itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from keras_acts.export.parity.report.quantization.records import OutputAnswers
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.quantization.settings import Settings

_SUM_OF_CLASSES = 0.05
"""How far from 1 the sum of a row of probabilities may be, in float16 say."""

_Z = 1.959963984540054
"""The two-sided 95 % quantile of the normal distribution."""

Run = Callable[[Mapping[str, Array]], Mapping[str, Array]]


@dataclass
class _Sums:
    """What is known of an output so far."""

    squares: float = 0.0
    errors: float = 0.0
    largest: float = 0.0
    elements: int = 0
    broken: int = 0
    classes: int = 0
    agreed: int = 0
    kind: str | None = None


@dataclass
class Comparison:
    """Compares outputs run by run; only sums are kept.

    Attributes:
        settings: The bounds, and the outputs that are scores of classes.
    """

    settings: Settings
    _sums: dict[str, _Sums] = field(default_factory=dict)

    def add(self, wanted: Mapping[str, Array], found: Mapping[str, Array]) -> None:
        """Compare the outputs of a run."""
        for name, want in wanted.items():
            sums = self._sums.setdefault(name, _Sums())
            if name in found and want.dtype.kind in "fiub":
                _add(sums, want, found[name], self._kind(name, sums, want))

    def outputs(self) -> tuple[OutputAnswers, ...]:
        """Return what was found of each output."""
        return tuple(self._answers(name, one) for name, one in self._sums.items())

    def _kind(self, name: str, sums: _Sums, want: Array) -> str:
        """Return what an output is; one run that shows otherwise decides."""
        asked = self.settings.class_outputs
        if asked is not None:
            scores = name in asked and want.ndim > 1 and want.shape[-1] > 1
            kind = "classes" if scores else "yes or no" if name in asked else "numbers"
        else:
            kind = kind_of(want)
        if sums.kind not in (None, kind):
            sums.classes, kind = 0, "numbers"
        sums.kind = kind
        return kind

    def _answers(self, name: str, sums: _Sums) -> OutputAnswers:
        error = _ratio(sums.errors, sums.squares)
        agreement = sums.agreed / sums.classes if sums.classes else None
        if sums.broken:
            agrees = False
        elif agreement is None:
            agrees = error <= self.settings.max_error
        else:
            agrees = agreement >= self.settings.min_agreement
        return OutputAnswers(
            name=name,
            agrees=agrees,
            error=error,
            max_abs=sums.largest,
            elements=sums.elements,
            not_finite=sums.broken,
            classes=sums.classes,
            classes_agreed=sums.agreed if sums.classes else 0,
            agreement=agreement,
            interval=wilson(sums.agreed, sums.classes) if sums.classes else None,
        )


def kind_of(want: Array) -> str:
    """Return whether an output is probabilities of classes, or of yes, or numbers."""
    if want.dtype.kind != "f" or want.ndim < 2 or not want.size:
        return "numbers"
    if not np.isfinite(want).all() or want.min() < 0 or want.max() > 1 + 1e-3:
        return "numbers"
    if want.shape[-1] == 1:
        return "yes or no"
    distributions = np.abs(want.sum(-1, dtype=np.float64) - 1).max() <= _SUM_OF_CLASSES
    return "classes" if distributions else "numbers"


def wilson(agreed: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson, 1927)."""
    share, z2 = agreed / count, _Z**2
    middle = share + z2 / (2 * count)
    half = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    low, high = ((middle + sign * half) / (1 + z2 / count) for sign in (-1, 1))
    # Rounding alone leads out of [0, 1], where the share itself is an end.
    return (0.0 if agreed == 0 else low), (1.0 if agreed == count else high)


def error_of(want: Array, have: Array) -> float:
    """Return the root of the mean square error, as a share of that of the values."""
    want, have = want.astype(np.float64), have.astype(np.float64)
    return _ratio(float(np.square(have - want).sum()), float(np.square(want).sum()))


def worst(outputs: Sequence[OutputAnswers]) -> tuple[float, float]:
    """Return how bad answers are: classes that differ, then the error; for a search."""
    shares = [1 - one.agreement for one in outputs if one.agreement is not None]
    errors = [math.inf if one.not_finite else one.error for one in outputs]
    return max(shares, default=0.0), max(errors, default=0.0)


def _add(sums: _Sums, want: Array, have: Array, kind: str) -> None:
    if want.shape != have.shape:
        sums.broken += max(want.size, 1)
        return
    finite = np.isfinite(want) & np.isfinite(have)
    sums.broken += int((np.isfinite(want) & ~np.isfinite(have)).sum())
    a = np.where(finite, want, 0).astype(np.float64)
    b = np.where(finite, have, 0).astype(np.float64)
    sums.squares += float(np.square(a).sum())
    sums.errors += float(np.square(b - a).sum())
    sums.largest = max(sums.largest, float(np.abs(b - a).max(initial=0.0)))
    sums.elements += want.size
    if kind == "classes":
        same = want.argmax(-1) == have.argmax(-1)
        sums.classes += same.size
        sums.agreed += int(same.sum())
    elif kind == "yes or no":
        same = (want > 0.5) == (have > 0.5)
        sums.classes += same.size
        sums.agreed += int(same.sum())


def _ratio(errors: float, squares: float) -> float:
    if not squares:
        return math.inf if errors else 0.0
    return math.sqrt(errors / squares)
