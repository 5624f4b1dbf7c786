"""Window functions for a length that is unknown until the model runs.

Keras's own refuse symbolic lengths; these compute the same with `keras.ops`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def _angles(length: Any) -> Any:
    """Return `length` evenly spaced angles from 0 to 2π."""
    return 2.0 * math.pi * _unit_interval(length)


def _unit_interval(length: Any) -> Any:
    """Return `length` evenly spaced numbers from 0 to 1; a single one is 0."""
    floatx = keras.config.floatx()
    indices = ops.arange(length, dtype=floatx)
    return indices / ops.cast(ops.maximum(length - 1, 1), floatx)


def _or_one(length: Any, window: Any) -> Any:
    """Return a window, which is 1 if its length is 1."""
    return ops.where(ops.equal(length, 1), ops.ones_like(window), window)


def bartlett(x: Any) -> Any:
    """Return a Bartlett window: a triangle, 1 - |2t - 1| for t from 0 to 1."""
    return _or_one(x, 1.0 - ops.abs(2.0 * _unit_interval(x) - 1.0))


def blackman(x: Any) -> Any:
    """Return a Blackman window: 0.42 - 0.5 cos φ + 0.08 cos 2φ for φ from 0 to 2π."""
    angles = _angles(x)
    window = 0.42 - 0.5 * ops.cos(angles) + 0.08 * ops.cos(2.0 * angles)
    return _or_one(x, window)


def hamming(x: Any) -> Any:
    """Return a Hamming window: 0.54 - 0.46 cos φ for φ from 0 to 2π."""
    return _or_one(x, 0.54 - 0.46 * ops.cos(_angles(x)))


def hanning(x: Any) -> Any:
    """Return a Hann window: 0.5 - 0.5 cos φ for φ from 0 to 2π."""
    return _or_one(x, 0.5 - 0.5 * ops.cos(_angles(x)))


def kaiser(x: Any, beta: float) -> Any:
    """Return a Kaiser window: I0(β √(1 - d²)) / I0(β) for d from -1 to 1."""
    distance = 2.0 * _unit_interval(x) - 1.0
    height = ops.sqrt(ops.maximum(1.0 - distance * distance, 0.0))
    window = ops.i0(beta * height) / ops.i0(beta * ops.ones_like(height))
    return _or_one(x, window)


WINDOWS: dict[str, Callable[..., Any]] = {
    one.__name__: one for one in (bartlett, blackman, hamming, hanning, kaiser)
}
"""The functions for a traced length, by the names of Keras's own."""
