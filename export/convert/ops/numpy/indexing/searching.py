"""Places of elements: in a sorted sequence, among others, in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.ops.numpy.mathematics.logic import common
from keras_acts.export.convert.registry import converts


@converts("numpy.SearchSorted")
def searchsorted(
    g: GraphBuilder, op: Any, sorted_sequence: Operand, values: Operand
) -> ir.Value:
    return places_among(g, sorted_sequence, values, op.side)


@converts("numpy.Digitize")
def digitize(g: GraphBuilder, op: Any, x: Operand, bins: Any) -> ir.Value:
    if isinstance(bins, list | tuple):
        bins = np.asarray(bins, np.result_type(*bins, np.float32))
    return places_among(g, bins, x, "right")


def places_among(
    g: GraphBuilder, sequence: Operand, values: Operand, side: str
) -> ir.Value:
    """Return how many elements of a sequence come before each value.

    What is not behind a value comes before it; NaN comes behind all.
    """
    elements, wanted = common(g, sequence, values)
    column = g.Unsqueeze(wanted, [-1])
    compare = g.Greater if side == "right" else g.GreaterOrEqual
    before = g.cast(g.Not(compare(elements, column)), ir.DataType.INT32)
    return reduce(g, "ReduceSum", before, [-1])


@converts("numpy.IsIn")
def isin(g: GraphBuilder, op: Any, x1: Operand, x2: Any) -> ir.Value:
    if isinstance(x2, list | tuple):
        x2 = np.asarray(x2)
    elements, tested = common(g, x1, x2)
    same = g.Equal(g.Unsqueeze(elements, [-1]), g.Reshape(tested, [-1]))
    found = reduce(g, "ReduceMax", g.cast(same, ir.DataType.INT32), [-1])
    there = g.cast(found, ir.DataType.BOOL)
    return g.Not(there) if op.invert else there


@converts("numpy.UnravelIndex")
def unravel_index(g: GraphBuilder, op: Any, indices: Operand) -> list[ir.Value]:
    """The digits of an index, from the last axis to the first; the first wraps too."""
    rest = g.cast(indices, ir.DataType.INT64)
    places: list[ir.Value] = []
    for size in reversed(op.shape):
        base = g.cast(size, ir.DataType.INT64)
        places.append(g.Mod(rest, base))
        rest = g.Div(g.Sub(rest, places[-1]), base)
    return places[::-1]
