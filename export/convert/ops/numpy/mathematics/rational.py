"""Common divisors and multiples of integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.loops import loop
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import register_binary

D = ir.DataType


def _sizes(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> list[ir.Value]:
    """Return both without signs, each in the shape of both, in 64 bits."""
    if x1.dtype != D.UINT64:
        x1, x2 = (g.Abs(g.cast(x, D.INT64)) for x in (x1, x2))
    spread = [g.Add(x1, g.Sub(x2, x2)), g.Add(x2, g.Sub(x1, x1))]
    return [g.with_shape(x, g.spec.shape) for x in spread]


def _divisor(g: GraphBuilder, sizes: Sequence[ir.Value]) -> ir.Value:
    """Euclid: as long as any has a remainder, the divisor by it."""

    def step(_number: ir.Value, present: list[ir.Value]) -> Any:
        a, b = present
        done = g.Equal(b, 0)
        rest = g.Mod(a, g.Where(done, one, b))  # By 1 there is none.
        return [g.Where(done, a, b), rest], []

    def holds(present: Sequence[ir.Value]) -> ir.Value:
        left = g.cast(g.cast(present[1], D.BOOL), D.INT64)
        result: ir.Value = g.Greater(reduce(g, "ReduceSum", left), 0)
        return result

    one = np.ones((), require_dtype(sizes[0]).numpy())
    finals, _ = loop(g, step, sizes, holds=holds)
    return finals[0]


def gcd(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """The greatest common divisor, of 0 and a number the number."""
    return _divisor(g, _sizes(g, x1, x2))


def lcm(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """The least common multiple, 0 of 0."""
    a, b = _sizes(g, x1, x2)
    divisor = _divisor(g, [a, b])
    one = np.ones((), require_dtype(a).numpy())
    result: ir.Value = g.Mul(g.Div(a, g.Where(g.Equal(divisor, 0), one, divisor)), b)
    return result


register_binary("numpy.Gcd", gcd)
register_binary("numpy.Lcm", lcm)
