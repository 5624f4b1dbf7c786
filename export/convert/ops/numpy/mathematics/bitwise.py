"""Operations on the bits of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.registry import converts

U64, I64 = ir.DataType.UINT64, ir.DataType.INT64


def _connects(kind: str, name: str) -> None:
    """Register a connective of bits; of booleans it is that of logic."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: Operand, y: Operand) -> ir.Value:
        x, y = promoted(g, x, y)
        result: ir.Value
        if x.dtype == ir.DataType.BOOL:
            result = getattr(g, name)(x, y)
        elif g.opset >= 18:
            result = getattr(g, f"Bitwise{name}")(x, y)
        else:
            result = _of_bits(g, getattr(g, name)(_bits(g, x), _bits(g, y)), x)
        return result


for _name in ("And", "Or", "Xor"):
    _connects(f"numpy.Bitwise{_name}", _name)


def _bits(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the bits of integers, the lowest first, as booleans on a last axis.

    Opset 17 has shifts of unsigned numbers, and no connective of bits.
    """
    count = require_dtype(x).bitwidth
    shifted = g.BitShift(
        g.Unsqueeze(g.cast(x, U64), [-1]),
        np.arange(count, dtype=np.uint64),
        direction="RIGHT",
    )
    return g.cast(g.Mod(shifted, 2), ir.DataType.BOOL)


def _of_bits(g: GraphBuilder, bits: ir.Value, like: ir.Value) -> ir.Value:
    """Return the integers of bits; the sum wraps around into the sign."""
    count = require_dtype(like).bitwidth
    powers = np.uint64(1) << np.arange(count, dtype=np.uint64)
    parts = g.Where(bits, powers.view(np.int64), np.zeros((), np.int64))
    return g.cast(reduce(g, "ReduceSum", parts, [-1]), require_dtype(like))


@converts("numpy.BitwiseInvert", "numpy.BitwiseNot")
def invert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    dtype = require_dtype(x)
    if dtype == ir.DataType.BOOL:
        return g.Not(x)
    if g.opset >= 18:
        return g.BitwiseNot(x)
    ones = np.array(-1, np.int64).astype(dtype.numpy())
    return g.Sub(ones, x)


Shift = Callable[[GraphBuilder, ir.Value, ir.Value], ir.Value]


def left(g: GraphBuilder, x: ir.Value, count: ir.Value) -> ir.Value:
    """Shift in 64 bits; the cast back drops what is shifted out."""
    shifted = g.BitShift(g.cast(x, U64), g.cast(count, U64), direction="LEFT")
    inside = g.Less(g.cast(count, I64), 64)
    return g.Where(inside, g.cast(shifted, require_dtype(x)), 0)


def right(g: GraphBuilder, x: ir.Value, count: ir.Value) -> ir.Value:
    """Shift out of 64 bits; a negative number's ones come in as its inverse's zeros."""
    dtype = require_dtype(x)
    if not dtype.is_signed():
        shifted = g.BitShift(g.cast(x, U64), g.cast(count, U64), direction="RIGHT")
        return g.Where(g.Less(g.cast(count, I64), 64), g.cast(shifted, dtype), 0)
    wide = g.cast(x, I64)
    negative = g.Less(wide, 0)
    size = g.Where(negative, g.Sub(g.Neg(wide), 1), wide)
    places = g.cast(g.Min(g.cast(count, I64), 63), U64)
    shifted = g.cast(g.BitShift(g.cast(size, U64), places, direction="RIGHT"), I64)
    return g.cast(g.Where(negative, g.Sub(g.Neg(shifted), 1), shifted), dtype)


def _shifts(kinds: tuple[str, ...], compute: Shift) -> None:
    @converts(*kinds)
    def convert(g: GraphBuilder, op: Any, x: Operand, y: Operand) -> ir.Value:
        return compute(g, *promoted(g, x, y))


_shifts(("numpy.BitwiseLeftShift", "numpy.LeftShift"), left)
_shifts(("numpy.BitwiseRightShift", "numpy.RightShift"), right)
