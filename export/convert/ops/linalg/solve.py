"""Linear systems and inverses, by Gaussian elimination with partial pivoting."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.convert.common.matrices import (
    identity,
    to_float64,
)
from keras_acts.export.convert.ops.linalg.cholesky import solved
from keras_acts.export.convert.ops.linalg.lu import eliminated
from keras_acts.export.convert.registry import converts


@converts("linalg.Solve")
def solve(g: GraphBuilder, op: Any, a: Operand, b: Operand) -> ir.Value:
    return solved(g, a, b, lambda left, right: eliminated(g, left, right))


@converts("linalg.Inv")
def inv(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    whole = identity(g, x, g.static_shape(x)[-1], g.rank(x) - 1)
    return eliminated(g, to_float64(g, x), whole)
