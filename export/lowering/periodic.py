"""The periodic family: the identity plus a wave."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import form
from keras_acts.export.lowering.values import constant_value, scalar_like

_LARGEST_PHASE = 1e30
"""Beyond it the wave is far below the rounding of x, and the phase might overflow."""

_LEAST_FREQUENCY = 1e-12
"""What `keras_acts.functional.snake` uses in place of a learned frequency of 0."""


@form("snake", why="the formula, with the phase clipped so that it stays finite")
def snake(g: GraphBuilder, x: ir.Value, frequency: Any = 1.0) -> ir.Value:
    """Map to `x + sin(frequency * x)² / frequency`."""
    f = _nonzero(g, x, frequency)
    is_one = not isinstance(f, ir.Value) and f == 1
    phase = x if is_one else g.Mul(x, f)
    wave = g.Sin(g.Clip(phase, -_LARGEST_PHASE, _LARGEST_PHASE))
    square = g.Mul(wave, wave)
    return g.Add(x, square if is_one else g.Div(square, f))


@form("sine", why="two passes")
def sine(g: GraphBuilder, x: ir.Value, frequency: float = 30.0) -> ir.Value:
    """Map to `sin(frequency * x)`."""
    return g.Sin(g.Mul(x, frequency))


def _nonzero(g: GraphBuilder, x: ir.Value, frequency: Any) -> Any:
    """Return the frequency, with 0 replaced where a learned one may contain it."""
    values = constant_value(frequency)
    if values is not None and np.all(values != 0):
        return frequency
    return g.Where(
        g.Equal(frequency, 0.0), scalar_like(g, _LEAST_FREQUENCY, x), frequency
    )
