"""The periodic family: the identity and a wave around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import form
from keras_acts.export.lowering.values import known, number

_LARGEST_PHASE = 1e30
"""Beyond it the wave is far below the rounding of x, and the phase may overflow."""

_LEAST_FREQUENCY = 1e-12
"""What `keras_acts.functional.snake` takes for a learned frequency of 0."""


@form("snake", why="the formula, its phase kept finite")
def snake(g: GraphBuilder, x: ir.Value, frequency: Any = 1.0) -> ir.Value:
    f = _nonzero(g, x, frequency)
    is_one = not isinstance(f, ir.Value) and f == 1
    phase = x if is_one else g.Mul(x, f)
    wave = g.Sin(g.Clip(phase, -_LARGEST_PHASE, _LARGEST_PHASE))
    square = g.Mul(wave, wave)
    return g.Add(x, square if is_one else g.Div(square, f))


def _nonzero(g: GraphBuilder, x: ir.Value, frequency: Any) -> Any:
    values = known(frequency)
    if values is not None and np.all(values != 0):
        return frequency
    return g.Where(g.Equal(frequency, 0.0), number(g, _LEAST_FREQUENCY, x), frequency)
