"""Registration of converters for reductions over axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.registry import converts

D = ir.DataType

Reduction = Callable[[GraphBuilder, ir.Value, Sequence[int] | None, bool], ir.Value]


def axes_of(g: GraphBuilder, op: Any, x: ir.Value) -> list[int] | None:
    """Return the axes of an operation as non-negative integers, or None for all."""
    if op.axis is None:
        return None
    axes = [op.axis] if isinstance(op.axis, int) else op.axis
    return [axis % g.rank(x) for axis in axes]


def register_reduction(kind: str, compute: Reduction) -> None:
    """Register the converter of a reduction, computed in the result's dtype."""

    @converts(kind)
    def convert(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
        """Append the registered reduction, combined with `initial` if there is one."""
        (x,) = promoted(g, x)
        result = compute(g, x, axes_of(g, op, x), getattr(op, "keepdims", False))
        initial = getattr(op, "initial", None)
        if initial is None:
            return result
        return (g.Min if "Min" in kind else g.Max)(result, *promoted(g, initial))


def by_operator(op_type: str) -> Reduction:
    """Return a reduction by a single operator, such as ReduceSum."""
    return lambda g, x, axes, keepdims: reduce(g, op_type, x, axes, keepdims=keepdims)


def any_of(
    g: GraphBuilder, x: ir.Value, axes: Sequence[int] | None, keepdims: bool
) -> ir.Value:
    """Return whether any element is true; of none the maximum is the lowest number."""
    largest = reduce(g, "ReduceMax", g.cast(x, D.INT32), axes, keepdims=keepdims)
    return g.Greater(largest, np.int32(0))
