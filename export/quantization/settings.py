"""What can be asked of a quantization, checked before any work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from keras_acts._export_options import (
    BLOCK_SIZES,
    MAX_ERROR,
    MIN_AGREEMENT,
    MODES,
    RANGES,
)
from keras_acts.export.errors import OptionError
from keras_acts.export.options import check_choice, check_names


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options of `quantize`, which documents them."""

    mode: str = MODES[0]
    ranges: str = RANGES[0]
    per_channel: bool = True
    reduce_range: bool = True
    block_size: int = 32
    standard_operators: bool = False
    keep_float: Sequence[str] = ()
    class_outputs: Sequence[str] | None = None
    min_agreement: float = MIN_AGREEMENT
    max_error: float = MAX_ERROR
    trials: int = 24
    max_samples: int = 1024
    speed: bool = True
    seed: int = 0

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the options."""
        return tuple(one.name for one in fields(cls))


def check(settings: Settings) -> None:
    """Raise an error if an option has an invalid value.

    Raises:
        OptionError: An option has one; the message names it.
    """
    check_choice("mode", settings.mode, MODES)
    check_choice("ranges", settings.ranges, RANGES)
    for name in ("per_channel", "reduce_range", "standard_operators", "speed"):
        _check(name, getattr(settings, name), "True or False", _is_flag)
    _check("block_size", settings.block_size, _listed(BLOCK_SIZES), _is_block_size)
    check_names("keep_float", settings.keep_float)
    if settings.class_outputs is not None:
        check_names("class_outputs", settings.class_outputs)
    share = "a number from 0 to 1"
    _check("min_agreement", settings.min_agreement, share, _is_share)
    _check("max_error", settings.max_error, "a number, 0 or above", _is_size)
    _check("trials", settings.trials, "an integer, 0 or above", _is_count)
    _check("seed", settings.seed, "an integer, 0 or above", _is_count)
    above = "an integer, 1 or above"
    _check("max_samples", settings.max_samples, above, _is_positive)


def _check(name: str, value: Any, wanted: str, test: Any) -> None:
    if not test(value):
        raise OptionError(f"`{name}` must be {wanted}. Received: {name}={value!r}")


def _listed(choices: Sequence[int]) -> str:
    return f"one of {', '.join(map(str, choices))}"


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_positive(value: Any) -> bool:
    return _is_count(value) and value > 0


def _is_block_size(value: Any) -> bool:
    return _is_count(value) and value in BLOCK_SIZES


def _is_size(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < math.inf


def _is_share(value: Any) -> bool:
    return _is_size(value) and value <= 1
