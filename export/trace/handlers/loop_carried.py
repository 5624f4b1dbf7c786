"""What a loop's body hands on to its next call."""

from __future__ import annotations

from typing import Any

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.structure import flatten, pack
from keras_acts.export.trace.subgraph import like, spec_of


def carried(what: str, initial: Any, results: Any) -> Any:
    """Return the specs of what a function hands on to its next call.

    Args:
        what: The function, for the error.
        initial: What its first call gets.
        results: What it returns, as it was traced.

    Raises:
        UnsupportedOperationError: The number, the ranks, sizes or dtypes differ.
    """
    before = [None if x is None else like(x) for x in flatten(initial)]
    after = [spec_of(x) for x in flatten(results)]
    alike = len(before) == len(after) and all(map(_stays, before, after))
    if not alike:
        raise UnsupportedOperationError(
            f"{what} must return what it carries on in the shapes and dtypes in which "
            f"it takes it: {before}. Received: {after}"
        )
    return pack(initial, before)


def _stays(old: Any, new: Any) -> bool:
    if old is None or new is None:
        return old is new
    if new.dtype != old.dtype or len(new.shape) != len(old.shape):
        return False
    # An unknown size that comes of a known 1 is one that broadcasting made.
    return all(
        a == b or (b is None and a != 1) or a is None
        for a, b in zip(old.shape, new.shape, strict=True)
    )
