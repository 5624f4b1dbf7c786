"""Weights that hold what is no number."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keras_acts.export.parity.tolerances import Array

_MOST_NAMED = 5


def broken(weights: Iterable[tuple[str, Array]]) -> list[str]:
    """Return those with NaN or infinity: `"weight 'dense/kernel' holds 1 NaN"`."""
    found = [
        f"weight '{name}' holds {' and '.join(counts)}"
        for name, array in weights
        if (counts := _counts(array))
    ]
    more = len(found) - _MOST_NAMED
    return found[:_MOST_NAMED] + ([f"and {more} more weights"] if more > 0 else [])


def _counts(array: Array) -> list[str]:
    if array.dtype.kind != "f":
        return []
    kinds = {"NaN": np.isnan(array), "infinite": np.isinf(array)}
    return [f"{int(x.sum())} {name}" for name, x in kinds.items() if x.any()]
