"""Differences, integrals and products along axes: how neighbours and rows relate."""

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
    """Products of rows, each centered and divided by its length; 1 at most."""
    x = half_to_float32(g, *promoted(g, x))
    distance = g.Sub(x, reduce(g, "ReduceMean", x, [-1], keepdims=True))
    distance = g.with_shape(distance, g.static_shape(x))
    if g.rank(x) < 2:
        one_row = g.Unsqueeze(distance, [0] if g.rank(x) else [0, 1])
        return g.Squeeze(_correlations(g, one_row), [0, 1])
    return _correlations(g, distance)


def _correlations(g: GraphBuilder, distance: ir.Value) -> ir.Value:
    products = g.MatMul(distance, g.Transpose(distance, perm=[1, 0]))
    square = g.Mul(distance, distance)
    lengths = g.Sqrt(reduce(g, "ReduceSum", square, [1], keepdims=True))
    scaled = g.Div(products, g.Mul(lengths, g.Transpose(lengths, perm=[1, 0])))
    result: ir.Value = g.Clip(scaled, -1.0, 1.0)
    return result


@converts("numpy.Correlate")
def correlate(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Products of the second with each window of the first, of which the mode keeps
    all, as many as the longer has elements, or those that lie within.
    """
    a, b = (half_to_float32(g, x) for x in promoted(g, x1, x2))
    n, m = g.size(a, 0), g.size(b, 0)
    full = g.Sub(g.Add(n, m), [1])
    shorter = g.Min(n, m)
    start, count = {
        "full": lambda: (g.cast([0], I64), full),
        "same": lambda: (_centered(g, n, m, shorter), g.Max(n, m)),
        "valid": lambda: (
            g.Sub(shorter, [1]),
            g.Add(g.Sub(g.Max(n, m), shorter), [1]),
        ),
    }[op.mode]()
    around = g.Sub(m, [1])
    padded = g.Pad(a, g.Concat(around, around, axis=0))
    firsts = g.Unsqueeze(g.Add(_range(g, count), start), [1])
    windows = g.Gather(padded, g.Add(firsts, _range(g, m)), axis=0)
    return g.MatMul(windows, b)


def _centered(g: GraphBuilder, n: ir.Value, m: ir.Value, shorter: ir.Value) -> ir.Value:
    """Return where the middle begins; NumPy rounds it towards the shorter's end."""
    around = g.Sub(shorter, [1])
    half = g.Div(around, [2])
    result: ir.Value = g.Where(g.Less(n, m), g.Sub(around, half), half)
    return result


def _range(g: GraphBuilder, count: ir.Value) -> ir.Value:
    zero, one = np.zeros((), np.int64), np.ones((), np.int64)
    result: ir.Value = g.Range(zero, g.Squeeze(count, [0]), one)
    return result
