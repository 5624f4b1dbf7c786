"""Searching: in a sorted sequence, among elements, and by flat index."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.reductions import any_of
from keras_acts.export.convert.ops.numpy.mathematics.logic import promote_for_comparison
from keras_acts.export.convert.registry import converts


@converts("numpy.SearchSorted")
def searchsorted(
    g: GraphBuilder, op: Any, sorted_sequence: Operand, values: Operand
) -> ir.Value:
    """Map `ops.searchsorted` to comparisons and ReduceSum, in the values' shape."""
    return count_before(g, sorted_sequence, values, op.side)


@converts("numpy.Digitize")
def digitize(g: GraphBuilder, op: Any, x: Operand, bins: Any) -> ir.Value:
    """Map `ops.digitize` to comparisons and ReduceSum; the shape stays."""
    if isinstance(bins, list | tuple):
        bins = np.asarray(bins, np.result_type(*bins, np.float32))
    return count_before(g, bins, x, "right")


def count_before(
    g: GraphBuilder, sequence: Operand, values: Operand, side: str
) -> ir.Value:
    """Return how many elements of a sequence sort before each value.

    NaN sorts after everything else.
    """
    elements, targets = promote_for_comparison(g, sequence, values)
    column = g.Unsqueeze(targets, [-1])
    compare = g.Greater if side == "right" else g.GreaterOrEqual
    before = g.cast(g.Not(compare(elements, column)), ir.DataType.INT32)
    return reduce(g, "ReduceSum", before, [-1])


@converts("numpy.IsIn")
def isin(g: GraphBuilder, op: Any, x1: Operand, x2: Any) -> ir.Value:
    """Map `ops.isin` to Equal with all elements and ReduceMax; the shape stays."""
    if isinstance(x2, list | tuple):
        x2 = np.asarray(x2)
    elements, tested = promote_for_comparison(g, x1, x2)
    same = g.Equal(g.Unsqueeze(elements, [-1]), g.Reshape(tested, [-1]))
    is_in = any_of(g, same, [-1], keepdims=False)
    return g.Not(is_in) if op.invert else is_in


@converts("numpy.UnravelIndex")
def unravel_index(g: GraphBuilder, op: Any, indices: Operand) -> list[ir.Value]:
    """Map `ops.unravel_index` to Mod and Div per axis, one result for each axis."""
    remainder = g.cast(indices, ir.DataType.INT64)
    digits: list[ir.Value] = []
    for size in reversed(op.shape):
        base = g.cast(size, ir.DataType.INT64)
        digits.append(g.Mod(remainder, base))
        remainder = g.Div(g.Sub(remainder, digits[-1]), base)
    return digits[::-1]
