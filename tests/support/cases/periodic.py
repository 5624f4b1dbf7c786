"""Rows of the periodic family."""

import math

import numpy as np
from mpmath import mp

from support.case import Axis, Elementwise

LARGEST_PHASE = 2.0**53


def snake(x, frequency=1.0):
    phase = min(max(frequency * x, -LARGEST_PHASE), LARGEST_PHASE)
    return x + mp.sin(phase) ** 2 / frequency


def sine(x, frequency=30.0):
    """Return the sine of the phase that float32 has, of numbers that it has."""
    dtype = "float32" if np.array_equal(x, x.astype("float32")) else "float64"
    phase = np.asarray(frequency, dtype) * x.astype(dtype)
    return np.sin(phase.astype("float64"))


# The gradient is 0 where the wave falls; a rounded phase is an error of |phase| ulp.
WAVE = {
    "at_minus_inf": -math.inf,
    "at_plus_inf": math.inf,
    "gradient_absolute": 2,
}

CASES = [
    Elementwise(
        layer="Snake", value=snake, marks=(-math.pi / 4, 3 * math.pi / 4), **WAVE
    ),
    Elementwise(layer="Snake", kwargs={"frequency": 0.25}, value=snake, **WAVE),
    Elementwise(
        layer="Snake",
        kwargs={"learnable": True, "sharing": "channel"},
        weights={"frequency": [0.5, 1.0, 2.0, 8.0]},
        value=snake,
        **WAVE,
    ),
    Elementwise(
        layer="Snake",
        kwargs={"learnable": True},
        weights={"frequency": 4.0},
        value=snake,
        **WAVE,
    ),
    Axis(layer="Sine", value=sine, vectors=(([[0.05]], [[math.sin(1.5)]]),)),
    Axis(layer="Sine", kwargs={"frequency": 1.0}, value=sine),
]
