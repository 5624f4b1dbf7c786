"""Tensors stacked beside each other and split again, along axes that have names."""

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
    tensors = [_at_least(g, x, 1) for x in promoted(g, *xs)]
    return g.Concat(*tensors, axis=min(1, g.rank(tensors[0]) - 1))


@converts("numpy.Vstack")
def vstack(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    return g.Concat(*(_at_least(g, x, 2) for x in promoted(g, *xs)), axis=0)


@converts("numpy.Dstack")
def dstack(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    """A vector becomes a row before it gets a depth."""
    rows = [_at_least(g, x, 2) for x in promoted(g, *xs)]
    deep = [g.Unsqueeze(x, [2]) if g.rank(x) == 2 else x for x in rows]
    return g.Concat(*deep, axis=2)


def _at_least(g: GraphBuilder, x: ir.Value, rank: int) -> ir.Value:
    missing = rank - g.rank(x)
    if missing <= 0:
        return x
    shape = [1] * missing + list(g.static_shape(x))
    return g.with_shape(g.Unsqueeze(x, list(range(missing))), shape)


class _Along:
    """A split along an axis, as the converter of `ops.split` takes it."""

    def __init__(self, op: Any, axis: int) -> None:
        self.indices_or_sections = op.indices_or_sections
        self.axis = axis


@converts("numpy.Hsplit")
def hsplit(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    return split(g, _Along(op, min(1, g.rank(x) - 1)), x)


@converts("numpy.Vsplit")
def vsplit(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    return split(g, _Along(op, 0), x)


@converts("numpy.Dsplit")
def dsplit(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    return split(g, _Along(op, 2), x)


@converts("numpy.ArraySplit")
def array_split(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    """Parts of which the first ones have one more where the size is no multiple."""
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
    """Return where the first parts of an axis end."""
    longer = g.Min(g.Mod(size, [parts]), [i])
    result: ir.Value = g.Add(g.Mul(g.Div(size, [parts]), [i]), longer)
    return result


@converts("numpy.Concatenate")
def concatenate(g: GraphBuilder, op: Any, xs: Sequence[Operand]) -> ir.Value:
    tensors = promoted(g, *xs)
    if op.axis is None:
        return g.Concat(*(g.Reshape(x, [-1]) for x in tensors), axis=0)
    return g.Concat(*tensors, axis=op.axis % g.rank(tensors[0]))


@converts("numpy.Append")
def append(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    return concatenate(g, op, (x1, x2))


@converts("numpy.Stack")
def stack(g: GraphBuilder, op: Any, x: Sequence[Operand]) -> ir.Value:
    tensors = promoted(g, *x)
    axis = op.axis % (g.rank(tensors[0]) + 1)
    return g.Concat(*(g.Unsqueeze(one, [axis]) for one in tensors), axis=axis)


@converts("numpy.Split")
def split(g: GraphBuilder, op: Any, x: ir.Value) -> list[ir.Value]:
    axis = op.axis % g.rank(x)
    if isinstance(op.indices_or_sections, int):
        return list(versions.split(g, x, op.indices_or_sections, axis))
    bounds = [0, *(int(one) for one in op.indices_or_sections), END]
    return [
        g.Slice(x, [start], [end], [axis]) for start, end in itertools.pairwise(bounds)
    ]
