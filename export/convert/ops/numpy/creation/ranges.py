"""Numbers at even distances between two ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import half_to_float32
from keras_acts.export.convert.registry import converts


def _ends(
    g: GraphBuilder, op: Any, start: Operand, stop: Operand, spec: Any
) -> tuple[ir.Value, ir.Value, np.ndarray[Any, Any]]:
    """Return both ends with a new axis, and how far the numbers are from the first."""
    rank = len(spec.shape) - 1
    axis = op.axis % (rank + 1)
    count = op.num - 1 if op.endpoint else op.num
    shares = np.arange(op.num) / max(count, 1)
    ends = []
    for end in (start, stop):
        value = half_to_float32(g, g.cast(end, spec.dtype))
        missing = rank - g.rank(value)
        value = g.Unsqueeze(value, list(range(missing))) if missing else value
        ends.append(g.Unsqueeze(value, [axis]))
    column = [-1] + [1] * (rank - axis)
    dtype = require_dtype(ends[0]).numpy()
    return ends[0], ends[1], shares.reshape(column).astype(dtype)


def _evenly(
    g: GraphBuilder, op: Any, start: Operand, stop: Operand, spec: Any
) -> ir.Value:
    """Weigh both ends, so that each comes out as it is."""
    first, last, shares = _ends(g, op, start, stop, spec)
    result: ir.Value = g.Add(g.Mul(first, 1 - shares), g.Mul(last, shares))
    return result


@converts("numpy.Linspace")
def linspace(g: GraphBuilder, op: Any, start: Operand, stop: Operand) -> Any:
    if not op.retstep:
        return _evenly(g, op, start, stop, g.spec)
    numbers, step = g.spec
    first, last = (half_to_float32(g, g.cast(end, step.dtype)) for end in (start, stop))
    count = op.num - 1 if op.endpoint else op.num
    size = g.Div(g.Sub(last, first), float(count) if count > 0 else math.nan)
    return _evenly(g, op, start, stop, numbers), size


@converts("numpy.Logspace")
def logspace(g: GraphBuilder, op: Any, start: Operand, stop: Operand) -> ir.Value:
    exponents = _evenly(g, op, start, stop, g.spec)
    return g.Pow(g.cast(op.base, require_dtype(exponents)), exponents)


@converts("numpy.Geomspace")
def geomspace(g: GraphBuilder, op: Any, start: Operand, stop: Operand) -> ir.Value:
    """The product of powers of both ends, which can't overflow where they don't."""
    first, last, shares = _ends(g, op, start, stop, g.spec)
    size = g.Mul(g.Pow(g.Abs(first), 1 - shares), g.Pow(g.Abs(last), shares))
    return g.Mul(g.Sign(first), size)


@converts("numpy.Meshgrid")
def meshgrid(g: GraphBuilder, op: Any, *x: Operand) -> list[ir.Value]:
    vectors = [
        g.Reshape(g.cast(one, spec.dtype), [-1])
        for one, spec in zip(x, g.spec, strict=True)
    ]
    places = list(range(len(x)))
    if op.indexing == "xy" and len(x) > 1:
        places[:2] = [1, 0]
    sizes: list[Any] = [None] * len(x)
    for vector, place in zip(vectors, places, strict=True):
        sizes[place] = g.Shape(vector)
    shape = g.Concat(*sizes, axis=0)
    columns = [[-1 if i == place else 1 for i in range(len(x))] for place in places]
    return [
        g.Expand(g.Reshape(vector, np.asarray(column)), shape)
        for vector, column in zip(vectors, columns, strict=True)
    ]


@converts("numpy.Arange")
def arange(
    g: GraphBuilder,
    op: Any,
    start: Operand,
    stop: Operand = None,
    step: Operand = None,
) -> ir.Value:
    if stop is None:
        start, stop = 0, start
    ends = [g.cast(x, g.spec.dtype) for x in (start, stop, 1 if step is None else step)]
    return g.Range(*ends)
