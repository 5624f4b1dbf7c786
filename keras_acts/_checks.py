"""Validators of arguments: each raises a `ValueError` that says what was expected.

A validator is called with an argument's name and value. Functions and layers share
them, so that both refuse the same mistakes with the same message.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Number, Real
from typing import Any

Validator = Callable[[str, Any], None]


def _refuse(name: str, expected: str, value: Any) -> None:
    raise ValueError(f"`{name}` must be {expected}. Received: {name}={value!r}")


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral)


def _is_finite(value: Any) -> bool:
    # Comparisons, unlike math.isfinite, pass torch.compile.
    return _is_real(value) and -math.inf < value < math.inf


def finite(name: str, value: Any) -> None:
    """Accept a finite real number."""
    if not _is_finite(value):
        _refuse(name, "a finite number", value)


def positive(name: str, value: Any) -> None:
    """Accept a finite real number above 0."""
    if not _is_finite(value) or value <= 0:
        _refuse(name, "a finite number above 0", value)


def non_negative(name: str, value: Any) -> None:
    """Accept a finite real number of 0 or above."""
    if not _is_finite(value) or value < 0:
        _refuse(name, "a finite number, 0 or above", value)


def at_least(low: float) -> Validator:
    """Accept a finite real number of `low` or above."""

    def validate(name: str, value: Any) -> None:
        if not _is_finite(value) or value < low:
            _refuse(name, f"a finite number, {low} or above", value)

    return validate


def between(low: float, high: float) -> Validator:
    """Accept a finite real number from `low` to `high`."""

    def validate(name: str, value: Any) -> None:
        if not _is_finite(value) or not low <= value <= high:
            _refuse(name, f"a number from {low} to {high}", value)

    return validate


def boolean(name: str, value: Any) -> None:
    """Accept True or False."""
    if not isinstance(value, bool):
        _refuse(name, "True or False", value)


def positive_integer(name: str, value: Any) -> None:
    """Accept an integer of 1 or above."""
    if not _is_integer(value) or value < 1:
        _refuse(name, "an integer, 1 or above", value)


def axis(name: str, value: Any) -> None:
    """Accept one axis, an integer."""
    if not _is_integer(value):
        _refuse(name, "an integer", value)


def axes(name: str, value: Any) -> None:
    """Accept one axis, or several axes without repetition."""
    several = value if isinstance(value, Sequence) else (value,)
    if isinstance(value, str) or not several or not all(map(_is_integer, several)):
        _refuse(name, "an integer or a non-empty sequence of integers", value)
    if len(set(several)) != len(several):
        _refuse(name, "free of repeated axes", value)


def optional(validator: Validator) -> Validator:
    """Accept None, or what `validator` accepts."""

    def validate(name: str, value: Any) -> None:
        if value is not None:
            validator(name, value)

    return validate


def real_or_tensor(validator: Validator) -> Validator:
    """Apply `validator` to Python numbers and accept any tensor."""

    def validate(name: str, value: Any) -> None:
        if value is None or isinstance(value, bool | str | Number):
            validator(name, value)

    return validate


def one_of(*choices: Any) -> Validator:
    """Accept one of the choices."""

    def validate(name: str, value: Any) -> None:
        if not any(value is choice or value == choice for choice in choices):
            listed = ", ".join(repr(choice) for choice in choices)
            _refuse(name, f"one of {listed}", value)

    return validate


def ordered(low: str, high: str) -> Callable[[Mapping[str, Any]], None]:
    """Accept arguments where the one named `low` is at most the one named `high`."""

    def validate(arguments: Mapping[str, Any]) -> None:
        if arguments[low] > arguments[high]:
            raise ValueError(
                f"`{low}` must not be above `{high}`. Received: "
                f"{low}={arguments[low]!r}, {high}={arguments[high]!r}"
            )

    return validate
