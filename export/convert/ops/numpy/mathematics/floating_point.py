"""Sign, exponent and neighbors of floats, and their bits read as another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import is_float, promoted
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import OpsetError, UnsupportedOperationError

D = ir.DataType
_UNSIGNED = {8: D.UINT8, 16: D.UINT16, 32: D.UINT32, 64: D.UINT64}
_BIT_CAST = 26


@converts("numpy.Signbit")
def signbit(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.signbit` to Less, and for -0 to a test of 1/x; false for NaN."""
    if x.dtype == D.BOOL or not require_dtype(x).is_signed():
        return g.Expand(np.asarray(False), g.Shape(x))
    if not is_float(x):
        return g.Less(x, 0)
    minus_zero = g.IsInf(g.Reciprocal(x), detect_positive=0)
    return g.Or(g.Less(x, 0), g.And(g.Equal(x, 0), minus_zero))


@converts("numpy.Ldexp")
def ldexp(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.ldexp` to three products with powers of 2, to avoid overflow."""
    (x,) = promoted(g, x1)
    exponent = g.Clip(g.cast(x2, D.INT32), np.int32(-6000), np.int32(6000))
    third = g.Div(exponent, np.int32(3))
    last = g.Sub(exponent, g.Mul(third, np.int32(2)))
    two = g.cast(2.0, require_dtype(x))
    for part in (third, third, last):
        x = g.Mul(x, g.Pow(two, g.cast(part, require_dtype(x))))
    return x


@converts("numpy.Nextafter")
def nextafter(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.nextafter` to an Add of more than half a step and a rounding Cast.

    The addition is between 1/2 and 3/2 of a step. For p digits, a step is between 2^-p
    and 2^-(p-1) of the number, and at least the smallest number. Below a power of two
    it is half as long, so the addition is just over half a step.
    """
    start, target = (g.cast(x, g.spec.dtype) for x in (x1, x2))
    dtype = require_dtype(start)
    digits, smallest = _precision(dtype)
    wider = dtype if dtype == D.DOUBLE else D.DOUBLE
    x, goal = g.cast(start, wider), g.cast(target, wider)
    relative_step = 2.0**-digits * (1 + 2.0**-10)
    minimum_step = smallest if wider == dtype else 0.75 * smallest
    step = g.Max(g.Mul(g.Abs(x), relative_step), minimum_step)
    ascending = g.Greater(goal, x)
    neighbor = g.cast(g.Where(ascending, g.Add(x, step), g.Sub(x, step)), dtype)
    largest = np.asarray(dtype.max, dtype.numpy())
    from_infinity = g.Where(g.Less(start, 0), -largest, largest)
    neighbor = g.Where(g.IsInf(start), from_infinity, neighbor)
    unchanged = g.Where(g.Equal(start, target), target, neighbor)
    return g.Where(
        g.Or(g.IsNaN(start), g.IsNaN(target)), g.Add(start, target), unchanged
    )


def _precision(dtype: ir.DataType) -> tuple[int, float]:
    """Return the binary digits of a dtype, and its smallest positive number."""
    return {
        D.FLOAT16: (11, 2.0**-24),
        D.BFLOAT16: (8, 2.0**-133),
        D.FLOAT: (24, 2.0**-149),
        D.DOUBLE: (53, 2.0**-1074),
    }[dtype]


@converts("numpy.View")
def view(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.view` to casts, shifts and BitCast, lowest bits first."""
    source, target = require_dtype(x), g.dtype(g.spec.dtype)
    if source == target:
        return x
    if D.BOOL in (source, target):
        raise UnsupportedOperationError(
            "A view of booleans can't be exported: ONNX doesn't define their bits. "
            f"Received: a view of {source.name} as {target.name}"
        )
    x = _bits_as(g, x, _UNSIGNED[source.bitwidth])
    if source.bitwidth > target.bitwidth:
        x = _split_bits(g, x, target.bitwidth)
    elif source.bitwidth < target.bitwidth:
        x = _join_bits(g, x, target.bitwidth // source.bitwidth)
    return _bits_as(g, x, target)


def _bits_as(g: GraphBuilder, x: ir.Value, target: ir.DataType) -> ir.Value:
    """Read bits as a dtype of the same width; between integers by a Cast."""
    if x.dtype == target:
        return x
    if not is_float(x) and not target.is_floating_point():
        return g.cast(x, target)
    if g.opset < _BIT_CAST:
        raise OpsetError(
            f"Reading the bits of floats needs BitCast, from opset {_BIT_CAST} on. "
            f"Received: opset={g.opset}"
        )
    return g.BitCast(x, to=int(target))


def _split_bits(g: GraphBuilder, x: ir.Value, width: int) -> ir.Value:
    count = require_dtype(x).bitwidth // width
    as_uint64 = g.Unsqueeze(g.cast(x, D.UINT64), [-1])
    shifts = np.arange(count, dtype=np.uint64) * np.uint64(width)
    parts = g.cast(g.BitShift(as_uint64, shifts, direction="RIGHT"), _UNSIGNED[width])
    return _reshape_last_axis(g, parts, g.static_shape(x), [-1])


def _join_bits(g: GraphBuilder, x: ir.Value, count: int) -> ir.Value:
    width = require_dtype(x).bitwidth
    parts = _reshape_last_axis(g, g.cast(x, D.UINT64), g.static_shape(x), [-1, count])
    shifts = np.arange(count, dtype=np.uint64) * np.uint64(width)
    shifted = g.cast(g.BitShift(parts, shifts, direction="LEFT"), D.INT64)
    joined = reduce(g, "ReduceSum", shifted, [-1])  # No bit is set in two of them.
    return g.cast(joined, _UNSIGNED[width * count])


def _reshape_last_axis(
    g: GraphBuilder, x: ir.Value, sizes: Any, last: list[int]
) -> ir.Value:
    """Give the last axis of what had these sizes another form."""
    outer = list(sizes[:-1])
    shape = [None if size == -1 else size for size in last]
    return g.with_shape(g.Reshape(x, [*[0] * len(outer), *last]), [*outer, *shape])
