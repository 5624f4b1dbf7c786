"""Evenly spaced numbers between two endpoints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import half_to_float32
from keras_acts.export.convert.ops.trace import sizes
from keras_acts.export.convert.registry import converts


def _endpoints(
    g: GraphBuilder, op: Any, start: Operand, stop: Operand, spec: Any
) -> tuple[ir.Value, ir.Value, np.ndarray[Any, Any]]:
    """Return both endpoints with a new axis, and the fraction at each number."""
    rank = len(spec.shape) - 1
    axis = op.axis % (rank + 1)
    count = op.num - 1 if op.endpoint else op.num
    fractions = np.arange(op.num) / max(count, 1)
    ends = []
    for end in (start, stop):
        value = half_to_float32(g, g.cast(end, spec.dtype))
        missing = rank - g.rank(value)
        value = g.Unsqueeze(value, list(range(missing))) if missing else value
        ends.append(g.Unsqueeze(value, [axis]))
    column = [-1] + [1] * (rank - axis)
    dtype = require_dtype(ends[0]).numpy()
    return ends[0], ends[1], fractions.reshape(column).astype(dtype)


def _interpolate(
    g: GraphBuilder, op: Any, start: Operand, stop: Operand, spec: Any
) -> ir.Value:
    """Interpolate by a weighted mean, which is exact at both endpoints."""
    first, last, fractions = _endpoints(g, op, start, stop, spec)
    return g.Add(g.Mul(first, 1 - fractions), g.Mul(last, fractions))


@converts("numpy.Linspace")
def linspace(g: GraphBuilder, op: Any, start: Operand, stop: Operand) -> Any:
    """Map `ops.linspace` to a weighted mean of the endpoints along a new axis.

    With an unknown number of elements it is a Range, scaled.
    """
    if isinstance(op.num, ir.Value):
        return sizes.linspace(g, op, start, stop, op.num, op.endpoint, op.retstep)
    if not op.retstep:
        return _interpolate(g, op, start, stop, g.spec)
    numbers, step = g.spec
    first, last = (half_to_float32(g, g.cast(end, step.dtype)) for end in (start, stop))
    count = op.num - 1 if op.endpoint else op.num
    size = g.Div(g.Sub(last, first), float(count) if count > 0 else math.nan)
    return _interpolate(g, op, start, stop, numbers), size


@converts("numpy.Logspace")
def logspace(g: GraphBuilder, op: Any, start: Operand, stop: Operand) -> ir.Value:
    """Map `ops.logspace` to Pow of evenly spaced exponents."""
    exponents = _interpolate(g, op, start, stop, g.spec)
    return g.Pow(g.cast(op.base, require_dtype(exponents)), exponents)


@converts("numpy.Geomspace")
def geomspace(g: GraphBuilder, op: Any, start: Operand, stop: Operand) -> ir.Value:
    """Map `ops.geomspace` to a product of powers of the endpoints."""
    first, last, fractions = _endpoints(g, op, start, stop, g.spec)
    magnitude = g.Mul(g.Pow(g.Abs(first), 1 - fractions), g.Pow(g.Abs(last), fractions))
    return g.Mul(g.Sign(first), magnitude)


@converts("numpy.Meshgrid")
def meshgrid(g: GraphBuilder, op: Any, *x: Operand) -> list[ir.Value]:
    """Map `ops.meshgrid` to Reshape and Expand, one result for each vector."""
    vectors = [
        g.Reshape(g.cast(one, spec.dtype), [-1])
        for one, spec in zip(x, g.spec, strict=True)
    ]
    axes = list(range(len(x)))
    if op.indexing == "xy" and len(x) > 1:
        axes[:2] = [1, 0]
    sizes: list[Any] = [None] * len(x)
    for vector, axis in zip(vectors, axes, strict=True):
        sizes[axis] = g.Shape(vector)
    shape = g.Concat(*sizes, axis=0)
    shapes = [[-1 if i == axis else 1 for i in range(len(x))] for axis in axes]
    return [
        g.Expand(g.Reshape(vector, np.asarray(view)), shape)
        for vector, view in zip(vectors, shapes, strict=True)
    ]


@converts("numpy.Arange")
def arange(
    g: GraphBuilder,
    op: Any,
    start: Operand,
    stop: Operand = None,
    step: Operand = None,
) -> ir.Value:
    """Map `ops.arange` to Range; one that may go below 0 is counted up from there.

    onnxruntime replaces Gather of a Range by Slice, whose negative ends mean others.
    """
    if stop is None:
        start, stop = 0, start
    ends = [g.cast(x, g.spec.dtype) for x in (start, stop, 1 if step is None else step)]
    dtype = require_dtype(ends[0])
    if dtype.is_floating_point() or _counts_up(start, step):
        return g.Range(*ends)
    first, last, by = ends
    zero, one = np.zeros((), dtype.numpy()), np.ones((), dtype.numpy())
    count = g.cast(g.Ceil(_quotient(g, g.Sub(last, first), by)), dtype)
    return g.Add(first, g.Mul(g.Range(zero, count, one), by))


def _quotient(g: GraphBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Return the exact quotient of two integers below 2^53."""
    return g.Div(g.cast(a, ir.DataType.DOUBLE), g.cast(b, ir.DataType.DOUBLE))


def _counts_up(start: Any, step: Any) -> bool:
    """Whether a range is known to start at 0 or above, and to go up."""
    if not isinstance(start, int | float) or not isinstance(step, int | float | None):
        return False
    return start >= 0 and (step is None or step > 0)
