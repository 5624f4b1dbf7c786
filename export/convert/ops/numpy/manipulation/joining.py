"""Joining of tensors, and splitting them again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, versions
from keras_acts.export.convert.common.promotion import promoted
from keras_acts.export.convert.common.slices import END
from keras_acts.export.convert.registry import converts


@converts("numpy.Hstack")
def hstack(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    """Map `ops.hstack` to Concat along axis 1, or along axis 0 for vectors."""
    tensors = [_with_rank(g, x, 1) for x in promoted(g, *xs)]
    return g.Concat(*tensors, axis=min(1, g.rank(tensors[0]) - 1))


@converts("numpy.Vstack")
def vstack(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    """Map `ops.vstack` to Concat of matrices along axis 0."""
    return g.Concat(*(_with_rank(g, x, 2) for x in promoted(g, *xs)), axis=0)


@converts("numpy.Dstack")
def dstack(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    """Map `ops.dstack` to Concat along axis 2; vectors become rows first."""
    rows = [_with_rank(g, x, 2) for x in promoted(g, *xs)]
    deep = [g.Unsqueeze(x, [2]) if g.rank(x) == 2 else x for x in rows]
    return g.Concat(*deep, axis=2)


def _with_rank(g: GraphBuilder, x: ir.Value, rank: int) -> ir.Value:
    missing = rank - g.rank(x)
    if missing <= 0:
        return x
    shape = [1] * missing + list(g.static_shape(x))
    return g.with_shape(g.Unsqueeze(x, list(range(missing))), shape)


class _SplitAlong:
    """Arguments of `ops.split` along a given axis."""

    def __init__(self, op: Any, axis: int) -> None:
        self.indices_or_sections = op.indices_or_sections
        self.axis = axis


@converts("numpy.Hsplit")
def hsplit(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.hsplit` to a split of axis 1, or of axis 0 for vectors."""
    return split(g, _SplitAlong(op, min(1, g.rank(x) - 1)), x)


@converts("numpy.Vsplit")
def vsplit(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.vsplit` to a split of axis 0."""
    return split(g, _SplitAlong(op, 0), x)


@converts("numpy.Dsplit")
def dsplit(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.dsplit` to a split of axis 2."""
    return split(g, _SplitAlong(op, 2), x)


@converts("numpy.ArraySplit")
def array_split(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.array_split` to Slices; the first parts may be longer by one."""
    axis, parts = op.axis % g.rank(x), op.indices_or_sections
    size = g.static_shape(x)[axis]
    if size is not None:
        sizes = [size // parts + (i < size % parts) for i in range(parts)]
        bounds: list[Operand] = [[end] for end in itertools.accumulate(sizes)]
    else:
        bounds = [_bound(g, g.size(x, axis), parts, i) for i in range(1, parts + 1)]
    starts = [[0], *bounds]
    return [
        g.Slice(x, start, end, [axis])
        for start, end in zip(starts, bounds, strict=False)
    ]


def _bound(g: GraphBuilder, size: ir.Value, parts: int, i: int) -> ir.Value:
    """Return the end of the first `i` parts of an axis."""
    longer = g.Min(g.Mod(size, [parts]), [i])
    return g.Add(g.Mul(g.Div(size, [parts]), [i]), longer)


@converts("numpy.Concatenate")
def concatenate(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    """Map `ops.concatenate` to Concat, of the flattened operands without an axis."""
    tensors = promoted(g, *xs)
    if op.axis is None:
        return g.Concat(*(g.Reshape(x, [-1]) for x in tensors), axis=0)
    return g.Concat(*tensors, axis=op.axis % g.rank(tensors[0]))


@converts("numpy.Append")
def append(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Map `ops.append` to Concat."""
    return concatenate(g, op, (x1, x2))


@converts("numpy.Stack")
def stack(g: GraphBuilder, op: Any, x: Sequence[Operand]) -> ir.Value:
    """Map `ops.stack` to Unsqueeze and Concat along a new axis."""
    tensors = promoted(g, *x)
    axis = op.axis % (g.rank(tensors[0]) + 1)
    return g.Concat(*(g.Unsqueeze(one, [axis]) for one in tensors), axis=axis)


@converts("numpy.Split")
def split(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Map `ops.split` to Split for equal parts, else to Slices."""
    axis = op.axis % g.rank(x)
    if isinstance(op.indices_or_sections, int):
        return list(versions.split(g, x, op.indices_or_sections, axis))
    bounds = [0, *(int(one) for one in op.indices_or_sections), END]
    return [
        g.Slice(x, [start], [end], [axis]) for start, end in itertools.pairwise(bounds)
    ]
