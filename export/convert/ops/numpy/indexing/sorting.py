"""Sorting of elements, and their indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.registry import converts


def _sorted(g: GraphBuilder, op: Any, x: ir.Value) -> Sequence[ir.Value]:
    """Return elements sorted in ascending order along an axis, and their indices."""
    if op.axis is None:
        x = g.with_shape(g.Reshape(x, [-1]), [None])
    axis = (-1 if op.axis is None else op.axis) % g.rank(x)
    return g.TopK(x, g.size(x, axis), outputs=2, axis=axis, largest=0)


@converts("numpy.Sort")
def sort(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.sort` to TopK of the whole axis; the shape stays."""
    return _sorted(g, op, x)[0]


@converts("numpy.Argsort")
def argsort(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.argsort` to the indices of TopK; the shape stays."""
    return _sorted(g, op, x)[1]


@converts("numpy.Argpartition")
def argpartition(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.argpartition` to TopK for the smallest, then the other indices."""
    if op.axis is None:
        x = g.with_shape(g.Reshape(x, [-1]), [None])
    axis = (-1 if op.axis is None else op.axis) % g.rank(x)
    size, count = g.size(x, axis), g.cast([op.kth + 1], ir.DataType.INT64)
    if op.kth < 0:
        count = g.Add(size, count)
    _, first = g.TopK(x, count, outputs=2, axis=axis, largest=0)
    ones = g.Expand(np.ones((), np.int64), g.Shape(x))
    zeros = g.Expand(np.zeros((), np.int64), g.Shape(first))
    others = g.ScatterElements(ones, first, zeros, axis=axis)
    _, last = g.TopK(others, g.Sub(size, count), outputs=2, axis=axis, largest=1)
    return g.Concat(first, last, axis=axis)
