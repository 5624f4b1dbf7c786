"""Rows of the periodic family."""

import math

from mpmath import mp

from support.case import Elementwise

LARGEST_PHASE = 2.0**53


def snake(x, frequency=1.0):
    phase = min(max(frequency * x, -LARGEST_PHASE), LARGEST_PHASE)
    return x + mp.sin(phase) ** 2 / frequency


# The gradient is 0 where the wave falls; a rounded phase is an error of |phase| ulp.
WAVE = {
    "at_minus_inf": -math.inf,
    "at_plus_inf": math.inf,
    "gradient_absolute": 4,
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
]
