"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.common.reductions import axes_of
from keras_acts.export.convert.ops.linalg.svd import norm_of_singular_values
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError


@converts("linalg.Norm")
def norm(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `linalg.norm` to reductions such as ReduceL2, or to singular values."""
    (x,) = promoted(g, x)
    axes = axes_of(g, op, x)
    if op.ord is None:
        return reduce(g, "ReduceL2", x, axes, keepdims=op.keepdims)
    axes = list(range(g.rank(x))) if axes is None else axes
    compute = _vector_norm if len(axes) == 1 else _matrix_norm
    return compute(g, op, x, axes)


def _vector_norm(g: GraphBuilder, op: Any, x: ir.Value, axes: list[int]) -> ir.Value:
    """Append the norm along one axis."""
    named = {1: "ReduceL1", 2: "ReduceL2"}
    if op.ord in named:
        return reduce(g, named[op.ord], x, axes, keepdims=op.keepdims)
    if math.isinf(op.ord):
        return reduce(g, _extreme(op.ord), g.Abs(x), axes, keepdims=op.keepdims)
    if op.ord == 0:
        counted = g.cast(g.cast(x, "bool"), g.spec.dtype)
        return reduce(g, "ReduceSum", counted, axes, keepdims=op.keepdims)
    powers = g.Pow(g.Abs(x), float(op.ord))
    total = reduce(g, "ReduceSum", powers, axes, keepdims=op.keepdims)
    return g.Pow(total, 1.0 / op.ord)


def _matrix_norm(g: GraphBuilder, op: Any, x: ir.Value, axes: list[int]) -> ir.Value:
    """Append the norm over two axes."""
    if op.ord == "fro":
        return reduce(g, "ReduceL2", x, axes, keepdims=op.keepdims)
    if op.ord in ("nuc", 2, -2):
        norms = norm_of_singular_values(g, x, op.ord, axes)
        return g.Unsqueeze(norms, sorted(axes)) if op.keepdims else norms
    if len(axes) != 2 or op.ord not in (1, -1, math.inf, -math.inf):
        raise UnsupportedOperationError(
            "A matrix norm must be None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, over "
            f"two axes. Received: ord={op.ord!r}, axis={op.axis!r}"
        )
    rows, columns = axes
    summed, compared = (columns, rows) if math.isinf(op.ord) else (rows, columns)
    sums = reduce(g, "ReduceL1", x, [summed], keepdims=True)
    result = reduce(g, _extreme(op.ord), sums, [compared], keepdims=True)
    return result if op.keepdims else g.Squeeze(result, axes)


def _extreme(order: float) -> str:
    return "ReduceMax" if order > 0 else "ReduceMin"
