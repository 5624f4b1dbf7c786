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


def _register_logic(kind: str, name: str) -> None:
    """Register the converter of a bitwise operation; booleans use the logical one."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: Operand, y: Operand) -> ir.Value:
        """Map to And, BitwiseAnd and the like; before opset 18 bit by bit."""
        x, y = promoted(g, x, y)
        if x.dtype == ir.DataType.BOOL:
            return getattr(g, name)(x, y)
        if g.opset >= 18:
            return getattr(g, f"Bitwise{name}")(x, y)
        return _from_bits(g, getattr(g, name)(_bits(g, x), _bits(g, y)), x)


for _name in ("And", "Or", "Xor"):
    _register_logic(f"numpy.Bitwise{_name}", _name)


def _bits(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Return the bits of integers as booleans on a new last axis, lowest first.

    Opset 17 has shifts of unsigned integers, and no bitwise operators.
    """
    count = require_dtype(x).bitwidth
    shifted = g.BitShift(
        g.Unsqueeze(g.cast(x, U64), [-1]),
        np.arange(count, dtype=np.uint64),
        direction="RIGHT",
    )
    return g.cast(g.Mod(shifted, 2), ir.DataType.BOOL)


def _from_bits(g: GraphBuilder, bits: ir.Value, like: ir.Value) -> ir.Value:
    """Return the integers of given bits; the sum wraps around into the sign bit."""
    count = require_dtype(like).bitwidth
    powers = np.uint64(1) << np.arange(count, dtype=np.uint64)
    parts = g.Where(bits, powers.view(np.int64), np.zeros((), np.int64))
    return g.cast(reduce(g, "ReduceSum", parts, [-1]), require_dtype(like))


@converts("numpy.BitwiseInvert", "numpy.BitwiseNot")
def invert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.bitwise_invert` to Not, BitwiseNot, or -1 - x before opset 18."""
    dtype = require_dtype(x)
    if dtype == ir.DataType.BOOL:
        return g.Not(x)
    if g.opset >= 18:
        return g.BitwiseNot(x)
    ones = np.array(-1, np.int64).astype(dtype.numpy())
    return g.Sub(ones, x)


Shift = Callable[[GraphBuilder, ir.Value, ir.Value], ir.Value]


def left_shift(g: GraphBuilder, x: ir.Value, count: ir.Value) -> ir.Value:
    """Append a BitShift in 64 bits; the cast back drops the bits shifted out."""
    shifted = g.BitShift(g.cast(x, U64), g.cast(count, U64), direction="LEFT")
    inside = g.Less(g.cast(count, I64), 64)
    return g.Where(inside, g.cast(shifted, require_dtype(x)), 0)


def right_shift(g: GraphBuilder, x: ir.Value, count: ir.Value) -> ir.Value:
    """Append a BitShift in 64 bits, of the complement for negative numbers."""
    dtype = require_dtype(x)
    if not dtype.is_signed():
        shifted = g.BitShift(g.cast(x, U64), g.cast(count, U64), direction="RIGHT")
        return g.Where(g.Less(g.cast(count, I64), 64), g.cast(shifted, dtype), 0)
    as_int64 = g.cast(x, I64)
    negative = g.Less(as_int64, 0)
    complement = g.Where(negative, g.Sub(g.Neg(as_int64), 1), as_int64)
    amount = g.cast(g.Min(g.cast(count, I64), 63), U64)
    shifted = g.cast(
        g.BitShift(g.cast(complement, U64), amount, direction="RIGHT"), I64
    )
    return g.cast(g.Where(negative, g.Sub(g.Neg(shifted), 1), shifted), dtype)


def _register_shift(kinds: tuple[str, ...], compute: Shift) -> None:
    """Register the converter of a shift."""

    @converts(*kinds)
    def convert(g: GraphBuilder, op: Any, x: Operand, y: Operand) -> ir.Value:
        """Promote both operands, and append the registered shift."""
        return compute(g, *promoted(g, x, y))


_register_shift(("numpy.BitwiseLeftShift", "numpy.LeftShift"), left_shift)
_register_shift(("numpy.BitwiseRightShift", "numpy.RightShift"), right_shift)
