"""The largest elements of an axis, and whether a class is among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.registry import converts


@converts("math.TopK")
def top_k(g: GraphBuilder, op: Any, x: ir.Value) -> Sequence[ir.Value]:
    """Map `ops.top_k` to TopK, sorted as in all backends; the last axis becomes k."""
    return g.TopK(x, g.shape(op.k), outputs=2)


@converts("math.InTopK")
def in_top_k(
    g: GraphBuilder, op: Any, targets: Operand, predictions: Operand
) -> ir.Value:
    """Map `ops.in_top_k` to a comparison of the count of larger scores with k."""
    indices = g.Unsqueeze(g.cast(targets, "int64"), [-1])
    scores = (
        g.cast(predictions, "float32")
        if not isinstance(predictions, ir.Value)
        else predictions
    )
    target_scores = g.GatherElements(scores, indices, axis=g.rank(scores) - 1)
    larger = g.cast(g.Greater(scores, target_scores), ir.DataType.INT64)
    count = reduce(g, "ReduceSum", larger, [g.rank(scores) - 1])
    return g.Less(count, np.int64(op.k))
