"""Padding, flipping and rolling of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.convert.common.slices import END, divisor, reversed_along
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

# The modes of ONNX's Pad in all opsets; wrap came with 19, symmetric doesn't exist.
_PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge"}


@converts("numpy.Pad")
def pad(
    g: GraphBuilder, op: Any, x: ir.Value, constant_values: Operand = None
) -> ir.Value:
    """Map `ops.pad` to Pad, or to Slices and Concat for `symmetric` and `wrap`."""
    widths = [tuple(map(_width, pair)) for pair in op.pad_width]
    if len(widths) == 1:
        widths = widths * g.rank(x)
    is_dynamic = any(isinstance(width, ir.Value) for pair in widths for width in pair)
    if not is_dynamic and not any(map(any, widths)):
        return x
    if op.mode in _REPEATED:
        sizes = list(g.static_shape(x))
        for axis, pair in enumerate(widths):
            indices = _repeating(op.mode, sizes[axis], pair)
            if indices is not None:
                x = g.Gather(x, indices, axis=axis)
                widths[axis] = (0, 0)
    if op.mode in _PAD_MODES:
        pads = g.shape(*(pair[0] for pair in widths), *(pair[1] for pair in widths))
        filler = None if constant_values is None else g.cast(constant_values, x.dtype)  # type: ignore[arg-type]
        return g.Pad(x, pads, filler, mode=_PAD_MODES[op.mode])
    if op.mode not in _COPY_MODES:
        raise UnsupportedOperationError(
            f"`mode` must be one of {[*_PAD_MODES, *_COPY_MODES]}. "
            f"Received: mode={op.mode!r}"
        )
    for axis, (before, after) in enumerate(widths):
        sizes = list(g.static_shape(x))
        if (before, after) != (0, 0):
            sizes[axis] = None
        x = g.with_shape(_COPY_MODES[op.mode](g, x, axis, before, after), sizes)
    return x


def _repeating(mode: str, size: int | None, pair: Any) -> np.ndarray | None:
    """Return which elements pad an axis by more than it has; None if there are enough.

    They repeat, as NumPy has them.
    """
    if size is None or any(isinstance(one, ir.Value) for one in pair):
        return None
    if max(pair) <= size - (mode == "reflect"):
        return None
    there: Any = np.arange(size, dtype=np.int64)
    padded: np.ndarray = np.pad(there, pair, mode=mode)  # type: ignore[call-overload]
    return padded


def _width(one: Size) -> Size:
    return one if isinstance(one, ir.Value) else int(one)


def _symmetric(
    g: GraphBuilder, x: ir.Value, axis: int, before: Size, after: Size
) -> ir.Value:
    """Append both ends reversed, including the edge."""
    parts = [_first(g, x, axis, before), _last(g, x, axis, after)]
    head, tail = (
        None if part is None else reversed_along(g, part, [axis]) for part in parts
    )
    return _concat(g, (head, x, tail), axis)


def _wrap(
    g: GraphBuilder, x: ir.Value, axis: int, before: Size, after: Size
) -> ir.Value:
    """Append the opposite end on both sides."""
    head, tail = _last(g, x, axis, before), _first(g, x, axis, after)
    return _concat(g, (head, x, tail), axis)


def _first(g: GraphBuilder, x: ir.Value, axis: int, count: Size) -> ir.Value | None:
    if isinstance(count, int) and count == 0:
        return None
    return _slice_between(g, x, axis, [0], g.shape(count))


def _last(g: GraphBuilder, x: ir.Value, axis: int, count: Size) -> ir.Value | None:
    if isinstance(count, int) and count == 0:
        return None
    known = isinstance(count, int)
    start = [-count] if known else g.Sub(g.size(x, axis), g.shape(count))
    return _slice_between(g, x, axis, start, [END])


def _slice_between(
    g: GraphBuilder, x: ir.Value, axis: int, start: Operand, end: Operand
) -> ir.Value:
    sizes = list(g.static_shape(x))
    sizes[axis] = None
    return g.with_shape(g.Slice(x, start, end, [axis]), sizes)


_COPY_MODES = {"symmetric": _symmetric, "wrap": _wrap}
_REPEATED = ("reflect", *_COPY_MODES)
"""The modes whose margins are made of what lies further inside."""


def _concat(g: GraphBuilder, parts: Sequence[ir.Value | None], axis: int) -> ir.Value:
    present = [part for part in parts if part is not None]
    return present[0] if len(present) == 1 else g.Concat(*present, axis=axis)


@converts("numpy.Flip")
def flip(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.flip` to a Slice with negative steps; the shape stays."""
    return reversed_along(g, x, _axes(g, op.axis, x))


@converts("numpy.Roll")
def roll(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.roll` to two Slices and a Concat; the shape stays."""
    if op.axis is None:
        flat = g.with_shape(g.Reshape(x, [-1]), [None])
        return g.Reshape(_rolled(g, flat, op.shift, 0), g.Shape(x))
    axes = _axes(g, op.axis, x)
    several = isinstance(op.shift, list | tuple | np.ndarray)
    shifts = op.shift if several else [op.shift] * len(axes)
    for shift, axis in zip(shifts, axes, strict=True):
        x = g.with_shape(_rolled(g, x, shift, axis), g.static_shape(x))
    return x


def _rolled(g: GraphBuilder, x: ir.Value, shift: int | ir.Value, axis: int) -> ir.Value:
    size = g.static_shape(x)[axis]
    start: Operand
    if isinstance(shift, ir.Value):
        start = g.Mod(g.Neg(g.shape(shift)), divisor(g, g.size(x, axis)))
    elif size is not None:
        start = [-int(shift) % size if size else 0]
    else:
        count = divisor(g, g.size(x, axis))
        start = g.Mod(np.asarray([-int(shift)], np.int64), count)
    tail, head = g.Slice(x, start, [END], [axis]), g.Slice(x, [0], start, [axis])
    return g.Concat(tail, head, axis=axis)


def _axes(g: GraphBuilder, axis: Any, x: ir.Value) -> list[int]:
    if axis is None:
        return list(range(g.rank(x)))
    given = [axis] if isinstance(axis, int) else axis
    return [one % g.rank(x) for one in given]


@converts("numpy.Fliplr")
def fliplr(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.fliplr` to a Slice with a negative step on axis 1; the shape stays."""
    return reversed_along(g, x, [1])


@converts("numpy.Flipud")
def flipud(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.flipud` to a Slice with a negative step on axis 0; the shape stays."""
    return reversed_along(g, x, [0])


@converts("numpy.Rot90")
def rot90(g: GraphBuilder, op: Any, array: ir.Value) -> ir.Value:
    """Map `ops.rot90` to flips and a Transpose; half a turn flips both axes."""
    first, second = (axis % g.rank(array) for axis in op.axes)
    turns = op.k % 4
    if turns in (1, 2):
        array = reversed_along(g, array, [second])
    if turns in (2, 3):
        array = reversed_along(g, array, [first])
    if turns % 2 == 0:
        return array
    perm = list(range(g.rank(array)))
    perm[first], perm[second] = second, first
    return transposed(g, array, perm)
