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


def _magnitudes(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> list[ir.Value]:
    """Return both magnitudes in 64 bits, broadcast to each other."""
    if x1.dtype != D.UINT64:
        x1, x2 = (g.Abs(g.cast(x, D.INT64)) for x in (x1, x2))
    broadcast = [g.Add(x1, g.Sub(x2, x2)), g.Add(x2, g.Sub(x1, x1))]
    return [g.with_shape(x, g.spec.shape) for x in broadcast]


def _euclid(g: GraphBuilder, magnitudes: Sequence[ir.Value]) -> ir.Value:
    """Append Euclid's algorithm as a Loop, until all remainders are 0."""

    def step(_number: ir.Value, current: list[ir.Value]) -> Any:
        a, b = current
        done = g.Equal(b, 0)
        remainder = g.Mod(a, g.Where(done, one, b))  # The remainder by 1 is 0.
        return [g.Where(done, a, b), remainder], []

    def holds(current: Sequence[ir.Value]) -> ir.Value:
        nonzero = g.cast(g.cast(current[1], D.BOOL), D.INT64)
        return g.Greater(reduce(g, "ReduceSum", nonzero), 0)

    one = np.ones((), require_dtype(magnitudes[0]).numpy())
    finals, _ = loop(g, step, magnitudes, holds=holds)
    return finals[0]


def gcd(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return the greatest common divisor; of 0 and a number, the number."""
    return _euclid(g, _magnitudes(g, x1, x2))


def lcm(g: GraphBuilder, x1: ir.Value, x2: ir.Value) -> ir.Value:
    """Return the least common multiple; 0 if either is 0."""
    a, b = _magnitudes(g, x1, x2)
    divisor = _euclid(g, [a, b])
    one = np.ones((), require_dtype(a).numpy())
    return g.Mul(g.Div(a, g.Where(g.Equal(divisor, 0), one, divisor)), b)


register_binary("numpy.Gcd", gcd)
register_binary("numpy.Lcm", lcm)
