"""Parts of complex numbers, for real operands.

ONNX has complex dtypes, but Cast, Add or Abs don't support them.
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
    """Map `ops.real`, `ops.conj` and `ops.conjugate` to the operand itself."""
    return x


@converts("numpy.Imag")
def imag(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.imag` to zeros; the shape stays."""
    return g.Expand(g.zeros_like(x), g.Shape(x))


@converts("numpy.Isreal")
def isreal(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.isreal` to true everywhere; the shape stays."""
    return g.Expand(np.asarray(True), g.Shape(x))


@converts("numpy.Angle")
def angle(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.angle` to π for negative numbers and 0 for others; NaN stays."""
    (x,) = promoted(g, x)
    dtype = require_dtype(x).numpy()
    pi = np.asarray(math.pi, dtype)
    result = g.Where(g.Less(x, 0), pi, g.zeros_like(x))
    return g.Where(g.IsNaN(x), x, result) if is_float(x) else result
