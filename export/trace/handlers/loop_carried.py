"""Specs of loop-carried values: what a loop's body returns for its next call."""

from __future__ import annotations

from typing import Any

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.structure import flatten, pack
from keras_acts.export.trace.subgraph import like, spec_of


def carried(what: str, initial: Any, results: Any) -> Any:
    """Return the specs of the loop-carried values of a function.

    Args:
        what: What the function is, for the error.
        initial: The values of its first call.
        results: The traced values that it returns for the next call.

    Raises:
        UnsupportedOperationError: Their number, shapes or dtypes change.
    """
    before = [None if x is None else like(x) for x in flatten(initial)]
    after = [spec_of(x) for x in flatten(results)]
    stable = len(before) == len(after) and all(map(_is_stable, before, after))
    if not stable:
        raise UnsupportedOperationError(
            f"{what} must return its loop variables with the shapes and dtypes of its "
            f"arguments: {before}. Received: {after}"
        )
    return pack(initial, before)


def _is_stable(old: Any, new: Any) -> bool:
    """Whether a loop-carried value keeps its shape and dtype."""
    if old is None or new is None:
        return old is new
    if new.dtype != old.dtype or len(new.shape) != len(old.shape):
        return False
    # A known 1 that becomes unknown was broadcast.
    return all(
        a == b or (b is None and a != 1) or a is None
        for a, b in zip(old.shape, new.shape, strict=True)
    )
