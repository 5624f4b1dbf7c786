"""Operations that run functions: If, Loop and Scan."""

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
    """Map `ops.cond` to If."""
    results = branch(
        g,
        _scalar(g, pred, ir.DataType.BOOL),
        lambda: _tensors(true_fn()),
        lambda: _tensors(false_fn()),
    )
    return _packed(true_fn.outputs, results)


@converts("core.Switch")
def switch(g: GraphBuilder, op: Any, index: ir.Value, branches: list[Any]) -> Any:
    """Map `ops.switch` to nested Ifs, so that an index out of range is clipped."""

    def from_branch(i: int) -> list[ir.Value]:
        taken = branches[i]
        if i == len(branches) - 1:
            return _tensors(taken())
        return branch(
            g,
            g.LessOrEqual(_scalar(g, index), i),
            lambda: _tensors(taken()),
            lambda: from_branch(i + 1),
        )

    return _packed(branches[0].outputs, from_branch(0))


@converts("core.Map")
def map_(g: GraphBuilder, op: Any, f: Any, xs: Any) -> Any:
    """Map `ops.map` to Scan; results are stacked along axis 0."""
    _, stacked = scan(
        g, lambda _, one: ([], _tensors(f(_packed(xs, one)))), [], _tensors(xs)
    )
    return _packed(f.outputs, stacked)


@converts("core.VectorizedMap")
def vectorized_map(g: GraphBuilder, op: Any, elements: Any) -> Any:
    """Map `ops.vectorized_map` to Scan, like `ops.map`."""
    return map_(g, op, op.function, elements)


@converts("core.Scan")
def scan_(g: GraphBuilder, op: Any, f: Any, init: Any, xs: Any) -> Any:
    """Map `ops.scan` to Scan, or to Loop without `xs`; outputs are stacked."""

    def step(current: list[ir.Value], slices: list[ir.Value]) -> Any:
        carry, y = f(
            _packed(init, current), None if xs is None else _packed(xs, slices)
        )
        return _tensors(carry), _tensors(y)

    carried = _tensors(init)
    if xs is None:
        count = _scalar(g, op.length, ir.DataType.INT64)
        finals, ys = loop(g, lambda _, current: step(current, []), carried, count=count)
        if op.reverse:
            ys = [
                g.with_shape(reversed_along(g, y, [0]), g.static_shape(y)) for y in ys
            ]
    else:
        scanned = [_first(g, x, op.length) for x in _tensors(xs)]
        finals, ys = scan(
            g, step, carried, scanned, reverse=op.reverse, reverse_outputs=op.reverse
        )
    return _packed(init, finals), _packed(f.outputs[1], ys)


def _first(g: GraphBuilder, x: ir.Value, length: Operand) -> ir.Value:
    """Return the first `length` slices of a tensor."""
    sizes = g.static_shape(x)
    if length is None or length == sizes[0]:
        return x
    end = _vector(g, length)
    known = length if isinstance(length, int) else None
    return g.with_shape(g.Slice(x, [0], end, [0]), (known, *sizes[1:]))


@converts("core.WhileLoop")
def while_loop(g: GraphBuilder, op: Any, loop_vars: Any) -> Any:
    """Map `ops.while_loop` to Loop."""

    def holds(current: Sequence[ir.Value]) -> ir.Value:
        condition = op.cond(*_packed(loop_vars, list(current)))
        return _scalar(g, condition, ir.DataType.BOOL)

    def step(_: ir.Value, current: list[ir.Value]) -> Any:
        return _tensors(op.body(*_packed(loop_vars, current))), []

    limit = op.maximum_iterations
    count = None if limit is None else _scalar(g, limit, ir.DataType.INT64)
    finals, _ = loop(g, step, _tensors(loop_vars), count=count, holds=holds)
    return _packed(loop_vars, finals)


@converts("core.ForiLoop")
def fori_loop(g: GraphBuilder, op: Any, init_val: Any) -> Any:
    """Map `ops.fori_loop` to Loop."""
    lower = _scalar(g, op.lower, ir.DataType.INT32)
    upper = _scalar(g, op.upper, ir.DataType.INT32)
    if isinstance(op.lower, int) and isinstance(op.upper, int):
        count = g.constant(np.asarray(max(0, op.upper - op.lower), np.int64))
    else:
        count = g.cast(g.Max(g.Sub(upper, lower), 0), ir.DataType.INT64)

    def step(iteration: ir.Value, current: list[ir.Value]) -> Any:
        i = g.Add(g.cast(iteration, ir.DataType.INT32), lower)
        return _tensors(op.body_fun(i, _packed(init_val, current))), []

    finals, _ = loop(g, step, _tensors(init_val), count=count)
    return _packed(init_val, finals)


@converts("core.AssociativeScan")
def associative_scan(g: GraphBuilder, op: Any, f: Any, elems: Any) -> Any:
    """Map `ops.associative_scan` to a sequential Scan along the axis.

    Each step combines the result so far with the next slice. The first slice is scanned
    too and returned as it is, since onnxruntime has no Scan of length 0.
    """
    tensors = _tensors(elems)
    axis = op.axis % g.rank(tensors[0])
    is_start, *initial = _first_of_each(g, tensors, axis, op.reverse)

    def step(current: list[ir.Value], slices: list[ir.Value]) -> Any:
        is_first, *so_far = current
        nexts = [_unsqueezed(g, x, axis) for x in slices]
        combined = _tensors(f(_packed(elems, so_far), _packed(elems, nexts)))
        new = [g.Where(is_first, x, y) for x, y in zip(nexts, combined, strict=True)]
        never = g.constant(np.asarray(False))
        return [never, *new], [_squeezed(g, x, axis) for x in new]

    _, ys = scan(
        g,
        step,
        [is_start, *initial],
        tensors,
        axis=axis,
        reverse=op.reverse,
        reverse_outputs=op.reverse,
    )
    return _packed(elems, ys)


def _first_of_each(
    g: GraphBuilder, tensors: list[ir.Value], axis: int, reverse: bool
) -> list[ir.Value]:
    """Return true, and the slice of each tensor that the scan starts with."""
    start, stop = (-1, np.iinfo(np.int64).max) if reverse else (0, 1)
    slices = []
    for x in tensors:
        sizes = g.static_shape(x)
        cut = g.Slice(x, [start], [stop], [axis])
        slices.append(g.with_shape(cut, (*sizes[:axis], 1, *sizes[axis + 1 :])))
    return [g.constant(np.asarray(True)), *slices]


def _unsqueezed(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    return g.Unsqueeze(x, [axis])


def _squeezed(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    return g.Squeeze(x, [axis])


def _scalar(g: GraphBuilder, x: Operand, dtype: ir.DataType | None = None) -> ir.Value:
    """Return a number, or a tensor with one element, as a scalar."""
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
    """Replace the elements of a structure that are not None by tensors."""
    rest = iter(tensors)
    return map_structure(lambda x: None if x is None else next(rest), structure)
