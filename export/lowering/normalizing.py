"""The normalizing family: activations in place of a normalization."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import form


@form("dyt", why="four vectorized passes")
def dyt(g: GraphBuilder, x: ir.Value, alpha: Any, gamma: Any, beta: Any) -> ir.Value:
    """Map to `gamma * tanh(alpha * x) + beta`."""
    return g.Add(g.Mul(g.Tanh(g.Mul(x, alpha)), gamma), beta)
