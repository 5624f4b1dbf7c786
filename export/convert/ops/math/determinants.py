"""The logarithm of a determinant."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.ops.numpy.linear_algebra import sign_and_logarithm
from keras_acts.export.convert.registry import converts


@converts("math.Logdet")
def logdet(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.logdet` to a sum of logarithms of the LU diagonal, NaN if negative."""
    sign, logarithm = sign_and_logarithm(g, x)
    return g.Where(g.Less(sign, 0.0), np.float64(np.nan), logarithm)
