"""Check the options of a comparison before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from keras_acts.export.errors import OptionError


def check_tolerances(rtol: Any, atol: Any) -> None:
    """Check the allowed errors.

    Raises:
        OptionError: One is not a finite number, is negative, or is no number at all.
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is not None and not _is_size(value):
            raise OptionError(
                f"`{name}` must be a finite number, 0 or above, or None for the "
                f"dtype's own. Received: {name}={value!r}"
            )


def check_comparison(
    *,
    batch_sizes: Sequence[int],
    rtol: float | None,
    atol: float | None,
    seed: int,
    strict_edges: bool,
) -> None:
    """Check what `verify` takes beside the models, the inputs and the providers.

    Raises:
        OptionError: An option is of the wrong type or out of its range.
    """
    check_tolerances(rtol, atol)
    if not _are_sizes(batch_sizes):
        raise OptionError(
            "`batch_sizes` must be a non-empty sequence of positive integers. "
            f"Received: batch_sizes={batch_sizes!r}"
        )
    if not _is_integer(seed) or seed < 0:
        raise OptionError(
            f"`seed` must be an integer, 0 or above. Received: seed={seed!r}"
        )
    if not isinstance(strict_edges, bool):
        raise OptionError(
            f"`strict_edges` must be True or False. Received: strict_edges="
            f"{strict_edges!r}"
        )


def _is_size(value: Any) -> bool:
    """Whether a value is a finite number, 0 or above; NumPy's are, arrays aren't."""
    if isinstance(value, bool | str | bytes):
        return False
    try:
        return math.isfinite(value) and value >= 0
    except (TypeError, ValueError):
        return False


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_sizes(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and bool(value)
        and all(_is_integer(n) and n > 0 for n in value)
    )
