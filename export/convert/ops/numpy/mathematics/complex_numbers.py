"""The parts of complex numbers, of numbers that are real.

ONNX has complex types, and Cast, Add or Abs take none of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import is_float, promoted
from keras_acts.export.convert.registry import converts


@converts("numpy.Real", "numpy.Conj", "numpy.Conjugate")
def real(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return x


@converts("numpy.Imag")
def imag(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return g.Expand(g.zeros_like(x), g.Shape(x))


@converts("numpy.Isreal")
def isreal(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    return g.Expand(np.asarray(True), g.Shape(x))


@converts("numpy.Angle")
def angle(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """π for negative numbers, 0 for others; NaN stays."""
    (x,) = promoted(g, x)
    dtype = require_dtype(x).numpy()
    half_turn = np.asarray(math.pi, dtype)
    turned = g.Where(g.Less(x, 0), half_turn, g.zeros_like(x))
    return g.Where(g.IsNaN(x), x, turned) if is_float(x) else turned
