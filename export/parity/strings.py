"""Strings as arrays: how inputs are fed, and how outputs are compared."""

from __future__ import annotations

import hashlib

import numpy as np

from keras_acts.export.parity.tolerances import Array

_DIGITS = 13
"""Hexadecimal digits of a digest that float64 holds exactly, as comparisons need it."""


def as_text(array: Array) -> Array:
    """Return strings of whatever kind as an array of Python's strings."""
    flat = np.asarray(array).reshape(-1).tolist()
    decoded = [x.decode() if isinstance(x, bytes) else str(x) for x in flat]
    return np.asarray(decoded, str).reshape(np.shape(array))


def comparable(array: Array) -> Array:
    """Return an output as numbers: of strings a digest each, equal where they are."""
    if array.dtype.kind not in "OSU":
        return array
    flat = as_text(array).reshape(-1).tolist()
    digests = [int(hashlib.sha256(x.encode()).hexdigest()[:_DIGITS], 16) for x in flat]
    return np.asarray(digests, np.int64).reshape(array.shape)
