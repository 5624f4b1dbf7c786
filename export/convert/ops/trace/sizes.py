"""Sizes that are unknown until the model runs, and tensors created from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.convert.registry import Converter, converts
from keras_acts.export.errors import UnsupportedOperationError


@converts("trace.Size")
def size(g: GraphBuilder, op: Any, x: ir.Value, axis: int) -> ir.Value:
    """Map the size of an axis to Shape; the result is a scalar."""
    return g.Squeeze(g.size(x, axis), [0])


def _filled(name: str, value: float) -> Converter:
    """Register the converter of a tensor filled with a constant."""

    @converts(f"trace.creation.{name}")
    def create(
        g: GraphBuilder, op: Any, shape: Any, dtype: str | None = None
    ) -> ir.Value:
        """Map `ops.zeros`, `ops.ones` or `ops.empty` with unknown sizes to Expand."""
        return full(g, op, shape, value, dtype)

    return create


for _name, _value in {"empty": 0.0, "ones": 1.0, "zeros": 0.0}.items():
    _filled(_name, _value)


@converts("trace.creation.full")
def full(
    g: GraphBuilder, op: Any, shape: Any, fill_value: Operand, dtype: str | None = None
) -> ir.Value:
    """Map `ops.full` with an unknown size to Expand."""
    sizes = shape if isinstance(shape, list | tuple) else (shape,)
    return g.Expand(g.cast(fill_value, g.spec.dtype), g.shape(*sizes))


@converts("trace.creation.eye")
def eye(
    g: GraphBuilder,
    op: Any,
    N: Size,  # noqa: N803
    M: Size | None = None,  # noqa: N803
    k: int = 0,
    dtype: str | None = None,
) -> ir.Value:
    """Map `ops.eye` with an unknown size to EyeLike."""
    sizes = g.shape(N, N if M is None else M)
    zeros = g.Expand(np.zeros((), np.float32), sizes)
    return g.EyeLike(zeros, k=k)


@converts("trace.creation.identity")
def identity(g: GraphBuilder, op: Any, n: Size, dtype: str | None = None) -> ir.Value:
    """Map `ops.identity` with an unknown size to EyeLike."""
    return eye(g, op, n)


@converts("trace.creation.tri")
def tri(
    g: GraphBuilder,
    op: Any,
    N: Size,  # noqa: N803
    M: Size | None = None,  # noqa: N803
    k: int = 0,
    dtype: str | None = None,
) -> ir.Value:
    """Map `ops.tri` with an unknown size to Trilu of ones."""
    ones = g.Expand(np.ones((), np.float32), g.shape(N, N if M is None else M))
    return g.Trilu(ones, np.asarray(k, np.int64), upper=0)


@converts("trace.creation.linspace")
def linspace(
    g: GraphBuilder,
    op: Any,
    start: Operand,
    stop: Operand,
    num: Size = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: str | None = None,
    axis: int = 0,
) -> ir.Value:
    """Map `ops.linspace` with an unknown number of elements to Range, Mul and Add."""
    first, last = (g.cast(x, g.spec.dtype) for x in (start, stop))
    if retstep or first.shape or last.shape:
        raise UnsupportedOperationError(
            "`linspace` with an unknown `num` must have scalar ends and no "
            f"`retstep`. Received: start={start!r}, stop={stop!r}, retstep={retstep!r}"
        )
    count = g.Squeeze(g.shape(num), [0])
    steps = g.Max(g.Sub(count, 1), 1) if endpoint else count
    step = g.Div(g.Sub(last, first), g.cast(steps, g.spec.dtype))
    indices = g.cast(g.Range(0, count, 1), g.spec.dtype)
    return g.Add(first, g.Mul(indices, step))
