"""Tensors created from the shape of another, or from a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.registry import converts


def _filled(g: GraphBuilder, x: ir.Value, value: Operand) -> ir.Value:
    shape = g.shape(*(g.size(x, axis) for axis in range(g.rank(x))))
    return g.Expand(*promoted(g, value), shape)


@converts("numpy.ZerosLike", "numpy.EmptyLike")
def zeros_like(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.zeros_like` and `ops.empty_like` to Expand of 0."""
    return _filled(g, x, 0)


@converts("numpy.OnesLike")
def ones_like(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.ones_like` to Expand of 1."""
    return _filled(g, x, 1)


@converts("numpy.FullLike")
def full_like(g: GraphBuilder, op: Any, x: ir.Value, fill_value: Operand) -> ir.Value:
    """Map `ops.full_like` to Expand of the fill value."""
    return _filled(g, x, fill_value)


@converts("numpy.Full")
def full(g: GraphBuilder, op: Any, fill_value: Operand) -> ir.Value:
    """Map `ops.full` to Expand of the fill value."""
    return g.Expand(*promoted(g, fill_value), g.shape(*op.shape))


@converts("numpy.Size")
def size(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.size` to the product of Shape, a scalar; Size has no bfloat16 kernel."""
    return reduce(g, "ReduceProd", g.Shape(x))


@converts("numpy.Ndim")
def ndim(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.ndim` to a constant, a scalar."""
    return g.constant(np.asarray(g.rank(x), np.int32))
