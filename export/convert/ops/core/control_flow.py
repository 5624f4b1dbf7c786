"""`keras.ops` that run functions: If, Loop and Scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.loops import branch, loop, scan
from keras_acts.export.convert.common.slices import reversed_along
from keras_acts.export.convert.registry import converts
from keras_acts.export.trace import flatten, map_structure


@converts("core.Cond")
def cond(g: GraphBuilder, op: Any, pred: ir.Value, true_fn: Any, false_fn: Any) -> Any:
    made = branch(
        g,
        _scalar(g, pred, ir.DataType.BOOL),
        lambda: _tensors(true_fn()),
        lambda: _tensors(false_fn()),
    )
    return _packed(true_fn.outputs, made)


@converts("core.Switch")
def switch(g: GraphBuilder, op: Any, index: ir.Value, branches: list[Any]) -> Any:
    """Ask for one branch after the other, so that an index beyond is the nearest."""

    def chosen(place: int) -> list[ir.Value]:
        here = branches[place]
        if place == len(branches) - 1:
            return _tensors(here())
        return branch(
            g,
            g.LessOrEqual(_scalar(g, index), place),
            lambda: _tensors(here()),
            lambda: chosen(place + 1),
        )

    return _packed(branches[0].outputs, chosen(0))


@converts("core.Map")
def map_(g: GraphBuilder, op: Any, f: Any, xs: Any) -> Any:
    _, stacked = scan(
        g, lambda _, one: ([], _tensors(f(_packed(xs, one)))), [], _tensors(xs)
    )
    return _packed(f.outputs, stacked)


@converts("core.VectorizedMap")
def vectorized_map(g: GraphBuilder, op: Any, elements: Any) -> Any:
    return map_(g, op, op.function, elements)


@converts("core.Scan")
def scan_(g: GraphBuilder, op: Any, f: Any, init: Any, xs: Any) -> Any:
    def step(present: list[ir.Value], one: list[ir.Value]) -> Any:
        carry, y = f(_packed(init, present), None if xs is None else _packed(xs, one))
        return _tensors(carry), _tensors(y)

    carried = _tensors(init)
    if xs is None:
        count = _scalar(g, op.length, ir.DataType.INT64)
        finals, ys = loop(g, lambda _, present: step(present, []), carried, count=count)
        if op.reverse:
            ys = [reversed_along(g, y, [0]) for y in ys]
    else:
        places = [_first(g, x, op.length) for x in _tensors(xs)]
        finals, ys = scan(
            g, step, carried, places, reverse=op.reverse, reverse_outputs=op.reverse
        )
    return _packed(init, finals), _packed(f.outputs[1], ys)


def _first(g: GraphBuilder, x: ir.Value, length: Operand) -> ir.Value:
    """Return the first slices of a tensor, as many as are asked for."""
    sizes = g.static_shape(x)
    if length is None or length == sizes[0]:
        return x
    end = _vector(g, length)
    known = length if isinstance(length, int) else None
    return g.with_shape(g.Slice(x, [0], end, [0]), (known, *sizes[1:]))


@converts("core.WhileLoop")
def while_loop(g: GraphBuilder, op: Any, loop_vars: Any) -> Any:
    def holds(present: Sequence[ir.Value]) -> ir.Value:
        kept = op.cond(*_packed(loop_vars, list(present)))
        return _scalar(g, kept, ir.DataType.BOOL)

    def step(_: ir.Value, present: list[ir.Value]) -> Any:
        return _tensors(op.body(*_packed(loop_vars, present))), []

    most = op.maximum_iterations
    count = None if most is None else _scalar(g, most, ir.DataType.INT64)
    finals, _ = loop(g, step, _tensors(loop_vars), count=count, holds=holds)
    return _packed(loop_vars, finals)


@converts("core.ForiLoop")
def fori_loop(g: GraphBuilder, op: Any, init_val: Any) -> Any:
    lower = _scalar(g, op.lower, ir.DataType.INT32)
    upper = _scalar(g, op.upper, ir.DataType.INT32)
    if isinstance(op.lower, int) and isinstance(op.upper, int):
        count = g.constant(np.asarray(max(0, op.upper - op.lower), np.int64))
    else:
        count = g.cast(g.Max(g.Sub(upper, lower), 0), ir.DataType.INT64)

    def step(place: ir.Value, present: list[ir.Value]) -> Any:
        i = g.with_shape(g.Add(g.cast(place, ir.DataType.INT32), lower), ())
        return _tensors(op.body_fun(i, _packed(init_val, present))), []

    finals, _ = loop(g, step, _tensors(init_val), count=count)
    return _packed(init_val, finals)


@converts("core.AssociativeScan")
def associative_scan(g: GraphBuilder, op: Any, f: Any, elems: Any) -> Any:
    """Combine one after the other: the result so far, and the next.

    The first stays as it is. The Scan still goes over it, since onnxruntime has none
    over nothing.
    """
    tensors = _tensors(elems)
    axis = op.axis % g.rank(tensors[0])
    begins, *before = _first_of_each(g, tensors, axis, op.reverse)

    def step(present: list[ir.Value], one: list[ir.Value]) -> Any:
        is_first, *so_far = present
        nexts = [_unsqueezed(g, x, axis) for x in one]
        combined = _tensors(f(_packed(elems, so_far), _packed(elems, nexts)))
        new = [
            g.with_shape(g.Where(is_first, x, y), g.static_shape(x))
            for x, y in zip(nexts, combined, strict=True)
        ]
        never = g.constant(np.asarray(False))
        return [never, *new], [_squeezed(g, x, axis) for x in new]

    _, ys = scan(
        g,
        step,
        [begins, *before],
        tensors,
        axis=axis,
        reverse=op.reverse,
        reverse_outputs=op.reverse,
    )
    return _packed(elems, ys)


def _first_of_each(
    g: GraphBuilder, tensors: list[ir.Value], axis: int, reverse: bool
) -> list[ir.Value]:
    """Return true, and the slice of each tensor with which a scan begins."""
    start, stop = (-1, np.iinfo(np.int64).max) if reverse else (0, 1)
    slices = []
    for x in tensors:
        sizes = g.static_shape(x)
        cut = g.Slice(x, [start], [stop], [axis])
        slices.append(g.with_shape(cut, (*sizes[:axis], 1, *sizes[axis + 1 :])))
    return [g.constant(np.asarray(True)), *slices]


def _unsqueezed(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    sizes = g.static_shape(x)
    return g.with_shape(g.Unsqueeze(x, [axis]), (*sizes[:axis], 1, *sizes[axis:]))


def _squeezed(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    sizes = g.static_shape(x)
    return g.with_shape(g.Squeeze(x, [axis]), (*sizes[:axis], *sizes[axis + 1 :]))


def _scalar(g: GraphBuilder, x: Operand, dtype: ir.DataType | None = None) -> ir.Value:
    """Return a number or a tensor of one element as a scalar."""
    value = x if isinstance(x, ir.Value) else g.constant(np.asarray(x))
    value = value if dtype is None else g.cast(value, dtype)
    if g.rank(value) == 0:
        return value
    return g.with_shape(g.Reshape(value, g.constant(np.zeros(0, np.int64))), ())


def _vector(g: GraphBuilder, x: Operand) -> ir.Value:
    return g.Reshape(_scalar(g, x, ir.DataType.INT64), [1])


def _tensors(structure: Any) -> list[ir.Value]:
    return [x for x in flatten(structure) if x is not None]


def _packed(structure: Any, tensors: list[ir.Value]) -> Any:
    """Put tensors in the places of a structure that are not None."""
    rest = iter(tensors)
    return map_structure(lambda x: None if x is None else next(rest), structure)
