"""Images sampled at given coordinates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import is_float
from keras_acts.export.convert.ops.core.casting import saturated
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

ORDERS = {"nearest": 0, "bilinear": 1}

Index = ir.Value
Fix = Callable[[GraphBuilder, Index, ir.Value], Index]


def _clipped(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    limited: ir.Value = g.Max(g.Min(index, g.Sub(size, 1)), 0)
    return limited


def _wrapped(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    rest: ir.Value = g.Mod(index, size)
    return rest


def _mirrored(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    """Reflect about the centers of the outermost pixels."""
    half = g.Sub(size, 1)
    around = g.Mod(g.Add(index, half), g.Max(g.Mul(half, 2), 1))
    turned: ir.Value = g.Abs(g.Sub(around, half))
    return turned


def _reflected(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    """Reflect about the edges of the outermost pixels."""
    doubled, extent = g.Add(g.Mul(index, 2), 1), g.Add(g.Mul(size, 2), 1)
    # What is reflected here is odd, so that half of what lies before is whole.
    turned: ir.Value = g.Div(g.Sub(_mirrored(g, doubled, extent), 1), 2)
    return turned


_FIXES: dict[str, Fix] = {
    "constant": _clipped,
    "mirror": _mirrored,
    "nearest": _clipped,
    "reflect": _reflected,
    "wrap": _wrapped,
}


def _half_even(g: GraphBuilder, x: ir.Value) -> ir.Value:
    rounded: ir.Value = g.Round(x)
    return rounded


def _half_away(g: GraphBuilder, x: ir.Value) -> ir.Value:
    far = g.Floor(g.Add(g.Abs(x), 0.5))
    rounded: ir.Value = g.Mul(g.Sign(x), far)
    return rounded


def sampled(
    g: GraphBuilder,
    pixels: ir.Value,
    sizes: Sequence[ir.Value],
    coordinates: Sequence[ir.Value],
    *,
    order: int,
    fill_mode: str,
    fill_value: Any,
    rounding: Callable[[GraphBuilder, ir.Value], ir.Value] = _half_away,
    gather: Callable[[ir.Value], ir.Value],
    spread: Callable[[ir.Value], ir.Value] = lambda x: x,
) -> ir.Value:
    """Append the interpolation of pixels at coordinates.

    Args:
        g: The graph builder.
        pixels: Where they are taken from; its type is the result's.
        sizes: The size of each axis that has a coordinate.
        coordinates: The places along each of these axes.
        order: 0 takes the nearest pixel, 1 interpolates.
        fill_mode: What lies outside.
        fill_value: The number that lies outside, where that is constant.
        rounding: How the nearest pixel is found.
        gather: Takes pixels by their places in the axes flattened.
        spread: Brings what belongs to a place to the shape of what `gather` returns.
    """
    if fill_mode not in _FIXES or order not in (0, 1):
        raise UnsupportedOperationError(
            f"`fill_mode` must be one of {sorted(_FIXES)}, and the order of the "
            f"interpolation 0 or 1. Received: fill_mode={fill_mode!r}, order={order}"
        )
    wide = _wide(pixels)
    taps = [
        list(_taps(g, x, size, order, _FIXES[fill_mode], rounding))
        for x, size in zip(coordinates, sizes, strict=True)
    ]
    total: ir.Value | None = None
    for corner in itertools.product(*taps):
        flat, inside, weight = corner[0]
        for size, (index, within, share) in zip(sizes[1:], corner[1:], strict=True):
            flat = g.Add(g.Mul(flat, size), index)
            inside = g.And(inside, within)
            weight = share if weight is None else g.Mul(weight, share)
        found = g.cast(gather(flat), wide)
        if fill_mode == "constant":
            found = g.Where(spread(inside), found, float(fill_value))
        if weight is not None:
            found = g.Mul(found, spread(g.cast(weight, wide)))
        total = found if total is None else g.Add(total, found)
    assert total is not None
    dtype = require_dtype(pixels)
    return total if dtype.is_floating_point() else saturated(g, g.Round(total), dtype)


def _wide(pixels: ir.Value) -> ir.DataType:
    dtype = require_dtype(pixels)
    return dtype if dtype.is_floating_point() else ir.DataType.FLOAT


def _taps(
    g: GraphBuilder,
    x: ir.Value,
    size: ir.Value,
    order: int,
    fix: Fix,
    rounding: Callable[[GraphBuilder, ir.Value], ir.Value],
) -> Any:
    """Yield the pixels along one axis: each its index, whether it is one, its share."""
    whole = require_dtype(x).is_integer()
    lower = x if whole else (rounding(g, x) if order == 0 else g.Floor(x))
    start = g.cast(lower, ir.DataType.INT64)
    for i in range(order + 1):
        index = g.Add(start, 1) if i else start
        inside = g.And(g.GreaterOrEqual(index, 0), g.Less(index, size))
        share = None
        if order == 1:
            fraction = g.Sub(x, lower)
            one = g.cast(1.0, require_dtype(x))
            share = fraction if i else g.Sub(one, fraction)
        yield fix(g, index, size), inside, share


def scalar_size(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    known = g.static_shape(x)[axis]
    if known is not None:
        return g.constant(np.asarray(known, np.int64))
    return g.with_shape(g.Squeeze(g.size(x, axis), [0]), ())


@converts("image.MapCoordinates")
def map_coordinates(
    g: GraphBuilder, op: Any, inputs: ir.Value, coordinates: Any
) -> ir.Value:
    rank = g.rank(inputs)
    if isinstance(coordinates, ir.Value):
        parts = [g.Gather(coordinates, np.int64(i), axis=0) for i in range(rank)]
    else:
        parts = list(coordinates)
    if op.order == 1:
        parts = [
            part if is_float(part) else g.cast(part, ir.DataType.FLOAT)
            for part in parts
        ]
    flat = g.Reshape(inputs, [-1])
    return sampled(
        g,
        inputs,
        [scalar_size(g, inputs, axis) for axis in range(rank)],
        parts,
        order=op.order,
        fill_mode=op.fill_mode,
        fill_value=op.fill_value,
        rounding=_half_even,
        gather=lambda index: g.Gather(flat, index, axis=0),
    )
