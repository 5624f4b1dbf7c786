"""Correlations of rows and of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import half_to_float32, promoted
from keras_acts.export.convert.registry import converts

I64 = ir.DataType.INT64


@converts("numpy.Corrcoef")
def corrcoef(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.corrcoef` to MatMul of centered, normalized rows; clipped to ±1."""
    x = half_to_float32(g, *promoted(g, x))
    centered = g.Sub(x, reduce(g, "ReduceMean", x, [-1], keepdims=True))
    if g.rank(x) < 2:
        one_row = g.Unsqueeze(centered, [0] if g.rank(x) else [0, 1])
        return g.Squeeze(_correlations(g, one_row), [0, 1])
    return _correlations(g, centered)


def _correlations(g: GraphBuilder, centered: ir.Value) -> ir.Value:
    products = g.MatMul(centered, g.Transpose(centered, perm=[1, 0]))
    square = g.Mul(centered, centered)
    norms = g.Sqrt(reduce(g, "ReduceSum", square, [1], keepdims=True))
    scaled = g.Div(products, g.Mul(norms, g.Transpose(norms, perm=[1, 0])))
    return g.Clip(scaled, -1.0, 1.0)


@converts("numpy.Correlate")
def correlate(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.correlate` to MatMul of windows of the first operand with the second.

    The mode selects all windows, as many as the longer operand has elements, or those
    without padding.
    """
    a, b = (half_to_float32(g, x) for x in promoted(g, x1, x2))
    n, m = g.size(a, 0), g.size(b, 0)
    full = g.Sub(g.Add(n, m), [1])
    shorter = g.Min(n, m)
    start, count = {
        "full": lambda: (g.cast([0], I64), full),
        "same": lambda: (_center_start(g, n, m, shorter), g.Max(n, m)),
        "valid": lambda: (
            g.Sub(shorter, [1]),
            g.Add(g.Sub(g.Max(n, m), shorter), [1]),
        ),
    }[op.mode]()
    padding = g.Sub(m, [1])
    padded = g.Pad(a, g.Concat(padding, padding, axis=0))
    starts = g.Unsqueeze(g.Add(_range(g, count), start), [1])
    windows = g.Gather(padded, g.Add(starts, _range(g, m)), axis=0)
    return g.MatMul(windows, b)


def _center_start(
    g: GraphBuilder, n: ir.Value, m: ir.Value, shorter: ir.Value
) -> ir.Value:
    """Return the start of the centered part; NumPy rounds toward the shorter's end."""
    excess = g.Sub(shorter, [1])
    half = g.Div(excess, [2])
    return g.Where(g.Less(n, m), g.Sub(excess, half), half)


def _range(g: GraphBuilder, count: ir.Value) -> ir.Value:
    zero, one = np.zeros((), np.int64), np.ones((), np.int64)
    return g.Range(zero, g.Squeeze(count, [0]), one)
