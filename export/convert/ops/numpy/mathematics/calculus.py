"""Differences along an axis, and integrals by the trapezoidal rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import half_to_float32, promoted
from keras_acts.export.convert.common.slices import END
from keras_acts.export.convert.registry import converts


def _neighbors(g: GraphBuilder, x: ir.Value, axis: int) -> tuple[ir.Value, ir.Value]:
    """Return all elements along an axis but the first, and all but the last."""
    later = g.Slice(x, [1], [END], [axis])
    return later, g.Slice(x, [0], [-1], [axis])


@converts("numpy.Diff")
def diff(g: GraphBuilder, op: Any, a: ir.Value) -> ir.Value:
    """Map `ops.diff` to two Slices and a Sub, `n` times; the axis shrinks by n."""
    for _ in range(op.n):
        a = _differences(g, a, op.axis % g.rank(a))
    return a


def _differences(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    later, earlier = _neighbors(g, x, axis)
    differs = g.Xor if x.dtype == ir.DataType.BOOL else g.Sub
    return differs(later, earlier)


@converts("numpy.Trapezoid")
def trapezoid(g: GraphBuilder, op: Any, y: ir.Value) -> ir.Value:
    """Map `ops.trapezoid` to Mul and ReduceSum; the axis is dropped."""
    axis = op.axis % g.rank(y)
    y = half_to_float32(g, *promoted(g, y))
    later, earlier = _neighbors(g, y, axis)
    width = g.cast(op.dx, require_dtype(y))
    if op.x is not None:
        given = np.asarray(op.x) if isinstance(op.x, list | tuple) else op.x
        x = g.cast(given, require_dtype(y))
        width = _differences(g, x, axis if g.rank(x) > 1 else 0)
        if g.rank(x) == 1:
            width = g.Reshape(width, [-1] + [1] * (g.rank(y) - 1 - axis))
    area = g.Mul(g.Mul(g.Add(later, earlier), 0.5), width)
    return reduce(g, "ReduceSum", area, [axis])
