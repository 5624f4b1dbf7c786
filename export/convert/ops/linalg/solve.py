"""Linear systems and inverses, by Gaussian elimination with partial pivoting."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.matrices import (
    identity,
    to_float64,
)
from keras_acts.export.convert.ops.linalg.cholesky import solve_with
from keras_acts.export.convert.ops.linalg.lu import gauss_jordan
from keras_acts.export.convert.registry import converts


@converts("linalg.Solve")
def solve(g: GraphBuilder, op: Any, a: Operand, b: Operand) -> ir.Value:
    """Map `linalg.solve` to Gauss-Jordan elimination, in float64."""
    return solve_with(g, a, b, lambda left, right: gauss_jordan(g, left, right))


@converts("linalg.Inv")
def inv(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.inv` to Gauss-Jordan elimination with the identity, in float64."""
    eye = identity(g, x, g.static_shape(x)[-1], g.rank(x) - 1)
    return gauss_jordan(g, to_float64(g, x), eye)
