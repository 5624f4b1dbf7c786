"""Distances between the rows of two matrices."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.registry import converts


@converts("math.CDist")
def cdist(g: GraphBuilder, op: Any, x: Operand, y: Operand) -> ir.Value:
    """Map `ops.cdist` to ReduceL2 of the differences of all pairs of rows."""
    x, y = promoted(g, x, y)
    difference = g.Sub(g.Unsqueeze(x, [-2]), g.Unsqueeze(y, [-3]))
    rank = max(g.rank(x), g.rank(y))
    return reduce(g, "ReduceL2", difference, [rank])
