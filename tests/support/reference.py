"""What an activation's value and derivative truly are, by mpmath, and comparison.

Each number is evaluated in two moderate precisions. Where they disagree, or a formula
has cancelled to zero, it is evaluated again with enough digits for any cancellation
from the formula's largest term (at most x²) down to the dtype's smallest number.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from support import floats
from support.case import Case, Elementwise
from support.runs.shared import computed_once

Arguments = Mapping[str, Any]

SPARE_DIGITS = 40
AGREED_DIGITS = 25
FLUSHED = 4.0
"""Below this many smallest normal numbers a result may be the sum or the multiple of
a subnormal term, which TensorFlow and JAX flush to zero."""
STEP = 80
"""Derivatives are central differences with a step of |x|·2^-80."""
STEP_DIGITS = math.ceil(2 * STEP * math.log10(2))


@dataclass(frozen=True)
class Exact:
    """Real numbers as unevaluated sums `high + low` of two float64 each."""

    high: np.ndarray
    low: np.ndarray


def numbers(case: Case, dtype: str) -> Arguments:
    """Return the function's arguments other than weights, as the backend sees them.

    Half precision is computed in float32, so Python floats are rounded to that.
    """
    function = case.row.function
    accepted = inspect.signature(case.value).parameters
    taken = {} if function is None else inspect.signature(function).parameters
    given = case.kwargs if case.function_kwargs is None else case.function_kwargs
    given = {k: v for k, v in given.items() if function is None or k in taken}
    defaults = {
        name: p.default
        for name, p in taken.items()
        if p.default not in (p.empty, None) and name in accepted
    }
    compute = "float64" if dtype == "float64" else "float32"
    return {
        name: float(floats.rounded([v], compute)[0]) if isinstance(v, float) else v
        for name, v in {**defaults, **given}.items()
    }


def settled(compute: Callable[[], Any], moderate: int, enough: int) -> Any:
    """Evaluate in the precision that the result needs.

    Args:
        compute: Evaluates in mpmath's current precision.
        moderate: Digits to begin with.
        enough: Digits that are enough for any cancellation.
    """
    with mp.workdps(moderate):
        first = mp.mpf(compute())
    with mp.workdps(moderate + AGREED_DIGITS):
        second = mp.mpf(compute())
        if second and abs(first - second) <= abs(second) * mp.mpf(10) ** -AGREED_DIGITS:
            return second
    with mp.workdps(max(enough, moderate + AGREED_DIGITS)):
        return mp.mpf(compute())


def _enough_digits(x: float, dtype: str) -> int:
    size = math.log10(max(abs(x), 1))
    return math.ceil(SPARE_DIGITS + 2 * size - math.log10(floats.tiny(dtype)))


def value_at(case: Elementwise, dtype: str, x: float, arguments: Arguments) -> Any:
    """Return the value at one number, in mpmath."""
    return settled(
        lambda: case.value(mp.mpf(x), **arguments),
        SPARE_DIGITS,
        _enough_digits(x, dtype),
    )


def derivative_at(case: Elementwise, dtype: str, x: float, arguments: Arguments) -> Any:
    """Return the derivative at one number, in mpmath; at a kink, the choice there."""
    compute = "float64" if dtype == "float64" else "float32"
    for kink, choice in case.kinks.items():
        if x == float(floats.rounded([kink], compute)[0]):
            return mp.mpf(choice)
    scale = mp.mpf(abs(x) or floats.tiny(dtype))
    step = mp.ldexp(scale, -STEP)

    def difference() -> Any:
        above = case.value(mp.mpf(x) + step, **arguments)
        below = case.value(mp.mpf(x) - step, **arguments)
        return (above - below) / (2 * step)

    enough = _enough_digits(x, dtype) + STEP_DIGITS - min(0, int(mp.log10(scale)))
    # At 0 the step is so small that formulas may cancel on one side of it alone.
    return settled(difference, SPARE_DIGITS + STEP_DIGITS if x else enough, enough)


def exactly(
    at: Callable[..., Any],
    case: Elementwise,
    dtype: str,
    x: np.ndarray,
    weights: Mapping[str, np.ndarray],
) -> Exact:
    """Evaluate `value_at` or `derivative_at` for each element of `x`; NaN for inf.

    Args:
        at: One of the two.
        case: The activation.
        dtype: The dtype whose range must be right.
        x: The inputs, of that dtype.
        weights: The weights by name, which broadcast against `x`.
    """
    key = (at.__name__, *_identity(case), dtype, x.dtype.name, str(x.shape))
    arrays = [x, *(np.asarray(w, "float64") for w in weights.values())]
    key += (*weights, *(str(a.shape) for a in arrays), *(a.tobytes() for a in arrays))
    pairs = computed_once(key, lambda: _pairs(at, case, dtype, x, weights))
    high, low = pairs.transpose(-1, *range(x.ndim))
    return Exact(high, low)


def _identity(case: Elementwise) -> tuple[str, ...]:
    """Return what tells a case, and what is computed of it, from any other."""
    value = f"{case.value.__module__}.{case.value.__qualname__}"
    arguments = (case.kwargs, case.function_kwargs, case.kinks)
    return (case.layer, value, *map(repr, arguments))


def _pairs(
    at: Callable[..., Any],
    case: Elementwise,
    dtype: str,
    x: np.ndarray,
    weights: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Return both parts of each true number, along a last axis."""
    scalars = {
        k: mp.mpf(v) if isinstance(v, float) else v
        for k, v in numbers(case, dtype).items()
    }
    spread = [np.broadcast_to(w, x.shape).astype(float).flat for w in weights.values()]
    keys = [tuple(map(float, key)) for key in zip(x.flat, *spread, strict=True)]
    known = {}
    for key in dict.fromkeys(keys):
        learned = {n: mp.mpf(w) for n, w in zip(weights, key[1:], strict=True)}
        if math.isfinite(key[0]):
            known[key] = _split(at(case, dtype, key[0], {**scalars, **learned}))
    pairs = [known.get(key, (math.nan, 0.0)) for key in keys]
    return np.reshape(pairs, (*x.shape, 2))


def alternatives(
    at: Callable[..., Any],
    case: Elementwise,
    dtype: str,
    x: np.ndarray,
    weights: Mapping[str, np.ndarray],
    want: Exact,
) -> list[Exact]:
    """Return what rounding may also make of some inputs, as `exactly` evaluates it.

    - A subnormal may be flushed to zero.
    - The number next to a kink other than 0 may be carried across it.
    """
    found = []
    for moved in (_flushed(dtype, x), *_beside_kinks(case, dtype, x)):
        high, low = want.high.copy(), want.low.copy()
        changed = moved != x.astype("float64")
        changed &= np.isfinite(moved)
        here = {n: np.broadcast_to(w, x.shape)[changed] for n, w in weights.items()}
        there = exactly(at, case, dtype, moved[changed], here)
        high[changed], low[changed] = there.high, there.low
        found.append(Exact(high, low))
    return found


def _flushed(dtype: str, x: np.ndarray) -> np.ndarray:
    x = x.astype("float64")
    return np.where(np.abs(x) < floats.tiny(dtype), 0.0, x)


def _beside_kinks(case: Elementwise, dtype: str, x: np.ndarray) -> list[np.ndarray]:
    sides = [x.astype("float64"), x.astype("float64")]
    for kink in filter(None, map(float, case.kinks)):
        distance = np.abs(x.astype("float64") - kink)
        near = (distance > 0) & (distance <= 2 * floats.ulp(np.asarray(kink), dtype))
        for side, direction in zip(sides, (-1, 1), strict=True):
            side[near] = kink * (1 + direction * 2.0**-6)
    return sides


def _split(y: Any) -> tuple[float, float]:
    high = float(y)
    if not math.isfinite(high):
        return high, 0.0
    with mp.workdps(60):
        return high, float(y - mp.mpf(high))


def is_right(
    got: np.ndarray, want: Exact, dtype: str, *, ulps: float, absolute: float = 0.0
) -> np.ndarray:
    """Tell for each element whether it is within its bound of the true value.

    - Within `ulps` units in the last place of the true value, or within `absolute`
      epsilons of it.
    - True values below the normal range, or just above it, may be flushed to zero.
    - True values above the range are the largest number or infinity.
    """
    got = got.astype("float64")
    size = np.abs(want.high)
    bound = np.maximum(
        ulps * floats.ulp(want.high, dtype), absolute * floats.epsilon(dtype)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        right = np.abs((got - want.high) - want.low) <= bound
        least = FLUSHED * floats.tiny(dtype)
        flushed = (size < least) & (np.abs(got) <= least)
        overflows = size + bound > floats.largest(dtype)
    same_sign = np.sign(got) == np.sign(want.high)
    large = np.abs(got) >= floats.largest(dtype) * (1 - ulps * floats.epsilon(dtype))
    return right | flushed | (overflows & same_sign & large)


def assert_right(
    got: np.ndarray,
    want: Exact,
    dtype: str,
    *,
    at: np.ndarray,
    ulps: float,
    absolute: float = 0.0,
    or_else: Sequence[Exact] = (),
) -> None:
    """Check each element as `is_right` does, and show the worst where it is not.

    Elements that `want` finds wrong may be as one of `or_else` wants them. Inputs at
    infinity are not checked here.
    """
    assert got.dtype == floats.numpy_dtype(dtype)
    right = ~np.isfinite(at.astype("float64")) | np.logical_or.reduce(
        [
            is_right(got, true, dtype, ulps=ulps, absolute=absolute)
            for true in (want, *or_else)
        ]
    )
    if right.all():
        return
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs((got.astype("float64") - want.high) - want.low)
        error = error / floats.ulp(want.high, dtype)
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-np.nan_to_num(error.flat[wrong], nan=np.inf))][:8]
    lines = [
        f"  f({at.flat[i]!r}) = {got.flat[i]!r}, is {want.high.flat[i]!r}: "
        f"{error.flat[i]:.3g} ulp"
        for i in worst
    ]
    raise AssertionError(
        f"{len(wrong)} of {got.size} elements are wrong by more than {ulps} ulp "
        f"and {absolute} epsilons:\n" + "\n".join(lines)
    )
