"""Slices at given starts, updates of slices, scatters and unstacking."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import split
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.common.slices import LARGER_THAN_ANY
from keras_acts.export.convert.registry import converts


@converts("core.Slice")
def slice_(g: GraphBuilder, op: Any, inputs: Operand, start_indices: Any) -> ir.Value:
    """Map `ops.slice` to Slice; the result has the given shape."""
    (x,) = promoted(g, inputs)
    starts = _starts(g, start_indices)
    # A size of -1 extends to the end, which is beyond any start.
    sizes = g.shape(
        *(LARGER_THAN_ANY if _is_number(size, -1) else size for size in op.shape)
    )
    return g.Slice(x, starts, g.Add(starts, sizes), list(range(len(op.shape))))


def _is_number(size: Size, number: int) -> bool:
    return isinstance(size, int) and size == number


def _starts(g: GraphBuilder, indices: Any) -> ir.Value:
    """Return start indices, some of which may be numbers, as an int64 vector."""
    if isinstance(indices, list | tuple):
        return g.shape(*indices)
    return g.cast(indices, "int64")


@converts("core.SliceUpdate")
def slice_update(
    g: GraphBuilder, op: Any, inputs: Operand, start_indices: Any, updates: Operand
) -> ir.Value:
    """Map `ops.slice_update` to Pad and Where; the shape stays."""
    x, new = promoted(g, inputs, updates)
    before = _starts(g, start_indices)
    after = g.Sub(g.Sub(g.Shape(x), before), g.Shape(new))
    pads = g.Concat(before, after, axis=0)
    inside = g.Pad(g.Expand(g.cast(True, "bool"), g.Shape(new)), pads)
    return g.Where(inside, g.Pad(new, pads), x)


@converts("core.Scatter")
def scatter(g: GraphBuilder, op: Any, indices: Operand, values: Operand) -> ir.Value:
    """Map `ops.scatter` to ScatterND with addition into zeros."""
    (new,) = promoted(g, values)
    zero = np.zeros((), require_dtype(new).numpy())
    zeros = (
        g.constant(np.zeros(op.shape, zero.dtype))
        if all(isinstance(n, int) for n in op.shape)
        else g.Expand(zero, g.shape(*op.shape))
    )
    return g.ScatterND(zeros, g.cast(indices, "int64"), new, reduction="add")


@converts("core.ScatterUpdate")
def scatter_update(
    g: GraphBuilder, op: Any, inputs: Operand, indices: Operand, updates: Operand
) -> ir.Value:
    """Map `ops.scatter_update` to ScatterND; the shape stays."""
    x, new = promoted(g, inputs, updates)
    return g.ScatterND(x, g.cast(indices, "int64"), new, reduction=op.reduction)


@converts("core.Unstack")
def unstack(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.unstack` to Split and Squeeze; the axis is dropped."""
    axis = op.axis % g.rank(x)
    parts = split(g, x, len(g.spec), axis)
    return [g.Squeeze(part, [axis]) for part in parts]
