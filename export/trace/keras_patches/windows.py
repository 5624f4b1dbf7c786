"""Windows of a length that is unknown until the model runs.

Keras's functions refuse symbols; these compute the same in `keras.ops`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def _angles(length: Any) -> Any:
    """Return angles of one turn in all, from end to end."""
    return 2.0 * math.pi * _shares(length)


def _shares(length: Any) -> Any:
    """Return even distances from 0 to 1; those of a single place are 0."""
    floatx = keras.config.floatx()
    places = ops.arange(length, dtype=floatx)
    return places / ops.cast(ops.maximum(length - 1, 1), floatx)


def _or_one(length: Any, window: Any) -> Any:
    """Return the window, that of a single place 1."""
    return ops.where(ops.equal(length, 1), ops.ones_like(window), window)


def bartlett(x: Any) -> Any:
    """Return a triangle from 0 to 1 and back."""
    return _or_one(x, 1.0 - ops.abs(2.0 * _shares(x) - 1.0))


def blackman(x: Any) -> Any:
    """Return a sum of three cosines."""
    angles = _angles(x)
    window = 0.42 - 0.5 * ops.cos(angles) + 0.08 * ops.cos(2.0 * angles)
    return _or_one(x, window)


def hamming(x: Any) -> Any:
    """Return a raised cosine that does not reach 0."""
    return _or_one(x, 0.54 - 0.46 * ops.cos(_angles(x)))


def hanning(x: Any) -> Any:
    """Return a raised cosine from 0 to 1 and back."""
    return _or_one(x, 0.5 - 0.5 * ops.cos(_angles(x)))


def kaiser(x: Any, beta: float) -> Any:
    """Return a Bessel function over half an ellipse."""
    distance = 2.0 * _shares(x) - 1.0
    height = ops.sqrt(ops.maximum(1.0 - distance * distance, 0.0))
    window = ops.i0(beta * height) / ops.i0(beta * ops.ones_like(height))
    return _or_one(x, window)


WINDOWS: dict[str, Callable[..., Any]] = {
    one.__name__: one for one in (bartlett, blackman, hamming, hanning, kaiser)
}
"""The function of a traced length in the place of each of Keras's."""
