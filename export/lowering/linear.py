"""The linear family: the identity."""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.lowering.table import EXACT, form


@form("linear", dtypes=EXACT | {ir.DataType.BFLOAT16}, why="nothing to compute")
def linear(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return x itself."""
    return x
