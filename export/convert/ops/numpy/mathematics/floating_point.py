"""Sign, exponent and neighbours of floats, and bits read as another type."""

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
    """Whether a number is negative; the reciprocal of -0 is. NaN counts as positive."""
    if x.dtype == D.BOOL or not require_dtype(x).is_signed():
        return g.Expand(np.asarray(False), g.Shape(x))
    if not is_float(x):
        return g.Less(x, 0)
    minus_zero = g.IsInf(g.Reciprocal(x), detect_positive=0)
    return g.Or(g.Less(x, 0), g.And(g.Equal(x, 0), minus_zero))


@converts("numpy.Ldexp")
def ldexp(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """x1·2^x2 in three steps: a power alone may overflow where the product does not."""
    (x,) = promoted(g, x1)
    exponent = g.Clip(g.cast(x2, D.INT32), np.int32(-6000), np.int32(6000))
    third = g.Div(exponent, np.int32(3))
    rest = g.Sub(exponent, g.Mul(third, np.int32(2)))
    two = g.cast(2.0, require_dtype(x))
    for part in (third, third, rest):
        x = g.Mul(x, g.Pow(two, g.cast(part, require_dtype(x))))
    return x


@converts("numpy.Nextafter")
def nextafter(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Go more than half and less than one and a half of a step, and round.

    A step is between 2^-p and 2^-(p-1) of the number, for p digits, and never less
    than the smallest number; below a power of two it is half as long, which a way of
    little more than half a step takes into account.
    """
    start, toward = (g.cast(x, g.spec.dtype) for x in (x1, x2))
    dtype = require_dtype(start)
    digits, smallest = _precision(dtype)
    exact = dtype if dtype == D.DOUBLE else D.DOUBLE
    x, to = g.cast(start, exact), g.cast(toward, exact)
    share = 2.0**-digits * (1 + 2.0**-10)
    least = smallest if exact == dtype else 0.75 * smallest
    step = g.Max(g.Mul(g.Abs(x), share), least)
    up = g.Greater(to, x)
    near = g.cast(g.Where(up, g.Add(x, step), g.Sub(x, step)), dtype)
    largest = np.asarray(dtype.max, dtype.numpy())
    from_infinity = g.Where(g.Less(start, 0), -largest, largest)
    near = g.Where(g.IsInf(start), from_infinity, near)
    unchanged = g.Where(g.Equal(start, toward), toward, near)
    return g.Where(
        g.Or(g.IsNaN(start), g.IsNaN(toward)), g.Add(start, toward), unchanged
    )


def _precision(dtype: ir.DataType) -> tuple[int, float]:
    """Return a type's binary digits, and its smallest positive number."""
    return {
        D.FLOAT16: (11, 2.0**-24),
        D.BFLOAT16: (8, 2.0**-133),
        D.FLOAT: (24, 2.0**-149),
        D.DOUBLE: (53, 2.0**-1074),
    }[dtype]


@converts("numpy.View")
def view(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Read bits as another type, the lowest bits first where the width differs."""
    source, target = require_dtype(x), g.dtype(g.spec.dtype)
    if source == target:
        return x
    if D.BOOL in (source, target):
        raise UnsupportedOperationError(
            "A view of booleans has no form in ONNX: it says nothing of their bits. "
            f"Received: a view of {source.name} as {target.name}"
        )
    x = _bits_as(g, x, _UNSIGNED[source.bitwidth])
    if source.bitwidth > target.bitwidth:
        x = _split_up(g, x, target.bitwidth)
    elif source.bitwidth < target.bitwidth:
        x = _put_together(g, x, target.bitwidth // source.bitwidth)
    return _bits_as(g, x, target)


def _bits_as(g: GraphBuilder, x: ir.Value, target: ir.DataType) -> ir.Value:
    """Read bits as a type of the same width; between integers a cast does it."""
    if x.dtype == target:
        return x
    if not is_float(x) and not target.is_floating_point():
        return g.cast(x, target)
    if g.opset < _BIT_CAST:
        raise OpsetError(
            f"To read the bits of floats needs BitCast, of opset {_BIT_CAST}. "
            f"Received: opset={g.opset}"
        )
    return g.with_shape(g.BitCast(x, to=int(target)), g.static_shape(x))


def _split_up(g: GraphBuilder, x: ir.Value, width: int) -> ir.Value:
    count = require_dtype(x).bitwidth // width
    wide = g.Unsqueeze(g.cast(x, D.UINT64), [-1])
    shifts = np.arange(count, dtype=np.uint64) * np.uint64(width)
    parts = g.cast(g.BitShift(wide, shifts, direction="RIGHT"), _UNSIGNED[width])
    return _last_axis(g, parts, g.static_shape(x), [-1])


def _put_together(g: GraphBuilder, x: ir.Value, count: int) -> ir.Value:
    width = require_dtype(x).bitwidth
    parts = _last_axis(g, g.cast(x, D.UINT64), g.static_shape(x), [-1, count])
    shifts = np.arange(count, dtype=np.uint64) * np.uint64(width)
    placed = g.cast(g.BitShift(parts, shifts, direction="LEFT"), D.INT64)
    whole = reduce(g, "ReduceSum", placed, [-1])  # No bit stands in two of them.
    whole = g.with_shape(whole, g.static_shape(parts)[:-1])
    return g.cast(whole, _UNSIGNED[width * count])


def _last_axis(g: GraphBuilder, x: ir.Value, sizes: Any, last: list[int]) -> ir.Value:
    """Give the last axis of what had these sizes another form."""
    kept = list(sizes[:-1])
    shape = [None if size == -1 else size for size in last]
    return g.with_shape(g.Reshape(x, [*[0] * len(kept), *last]), [*kept, *shape])
