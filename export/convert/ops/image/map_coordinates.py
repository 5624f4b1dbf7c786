"""Sampling of images at given coordinates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import is_float
from keras_acts.export.convert.common.slices import divisor
from keras_acts.export.convert.ops.core.casting import saturated
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

ORDERS = {"nearest": 0, "bilinear": 1}

Index = ir.Value
IndexMap = Callable[[GraphBuilder, Index, ir.Value], Index]

Tap = tuple[Index, ir.Value, ir.Value | None]
"""A pixel that is read: its index, whether it is in the image, and its weight."""


def _clipped(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    """Clip an index to the valid range."""
    return g.Max(g.Min(index, g.Sub(size, 1)), 0)


def _wrapped(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    """Wrap an index around, modulo the size."""
    return g.Mod(index, divisor(g, size))


def _mirrored(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    """Reflect an index about the centers of the outermost pixels."""
    half = g.Sub(size, 1)
    around = g.Mod(g.Add(index, half), g.Max(g.Mul(half, 2), 1))
    return g.Abs(g.Sub(around, half))


def _reflected(g: GraphBuilder, index: Index, size: ir.Value) -> Index:
    """Reflect an index about the edges of the outermost pixels."""
    doubled, extent = g.Add(g.Mul(index, 2), 1), g.Add(g.Mul(size, 2), 1)
    # The reflected number is odd, so half of the number before it is an integer.
    return g.Div(g.Sub(_mirrored(g, doubled, extent), 1), 2)


_FILL_MODES: dict[str, IndexMap] = {
    "constant": _clipped,
    "mirror": _mirrored,
    "nearest": _clipped,
    "reflect": _reflected,
    "wrap": _wrapped,
}


def _round_half_even(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Round to the nearest integer, ties to even."""
    return g.Round(x)


def _round_half_away(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Round to the nearest integer, ties away from zero."""
    far = g.Floor(g.Add(g.Abs(x), 0.5))
    return g.Mul(g.Sign(x), far)


def _round_down(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Round to the integer below."""
    return g.Floor(x)


@dataclass(frozen=True)
class Interpolation:
    """How pixels are computed at coordinates between them and beyond the edges.

    Attributes:
        order: 0 for the nearest pixel, 1 for linear interpolation.
        fill_mode: How to extend the image beyond its edges.
        fill_value: The value beyond the edges, if that is constant.
        rounding: How to find the nearest pixel.

    Raises:
        UnsupportedOperationError: The order or the mode is another.
    """

    order: int
    fill_mode: str
    fill_value: Any
    rounding: Callable[[GraphBuilder, ir.Value], ir.Value] = _round_half_away

    def __post_init__(self) -> None:
        if self.fill_mode not in _FILL_MODES or self.order not in (0, 1):
            raise UnsupportedOperationError(
                f"`fill_mode` must be one of {sorted(_FILL_MODES)}, and the order of "
                "the interpolation 0 or 1. "
                f"Received: fill_mode={self.fill_mode!r}, order={self.order}"
            )


def sampled(
    g: GraphBuilder,
    pixels: ir.Value,
    sizes: Sequence[ir.Value],
    coordinates: Sequence[ir.Value],
    how: Interpolation,
    *,
    gather: Callable[[ir.Value], ir.Value],
    align: Callable[[ir.Value], ir.Value] = lambda x: x,
) -> ir.Value:
    """Append the interpolation of pixels at coordinates.

    Args:
        g: The graph builder.
        pixels: The pixels to sample; their dtype is that of the result.
        sizes: The size of each axis that has a coordinate.
        coordinates: The coordinates along each of these axes.
        how: How to interpolate.
        gather: Returns pixels, given their indices in the flattened axes.
        align: Reshapes a value per coordinate so that it broadcasts to pixels.
    """
    accumulator = _accumulation_dtype(pixels)
    taps = [
        list(_taps(g, x, size, how)) for x, size in zip(coordinates, sizes, strict=True)
    ]
    total: ir.Value | None = None
    for corner in itertools.product(*taps):
        flat, inside, weight = _joined(g, sizes, corner)
        pixel = g.cast(gather(flat), accumulator)
        if how.fill_mode == "constant":
            pixel = g.Where(align(inside), pixel, float(how.fill_value))
        if weight is not None:
            pixel = g.Mul(pixel, align(g.cast(weight, accumulator)))
        total = pixel if total is None else g.Add(total, pixel)
    assert total is not None
    dtype = require_dtype(pixels)
    return total if dtype.is_floating_point() else saturated(g, g.Round(total), dtype)


def _joined(g: GraphBuilder, sizes: Sequence[ir.Value], corner: Sequence[Tap]) -> Tap:
    """Join the taps of one pixel along each axis, with its index in flattened axes."""
    flat, inside, weight = corner[0]
    for size, (index, valid, axis_weight) in zip(sizes[1:], corner[1:], strict=True):
        flat = g.Add(g.Mul(flat, size), index)
        inside = g.And(inside, valid)
        weight = axis_weight if weight is None else g.Mul(weight, axis_weight)
    return flat, inside, weight


def _accumulation_dtype(pixels: ir.Value) -> ir.DataType:
    dtype = require_dtype(pixels)
    return dtype if dtype.is_floating_point() else ir.DataType.FLOAT


def _taps(
    g: GraphBuilder, x: ir.Value, size: ir.Value, how: Interpolation
) -> Iterator[Tap]:
    """Yield the pixels along one axis: index, whether it is valid, and weight."""
    index_map = _FILL_MODES[how.fill_mode]
    integers = require_dtype(x).is_integer()
    round_ = how.rounding if how.order == 0 else _round_down
    lower = x if integers else round_(g, x)
    start = g.cast(lower, ir.DataType.INT64)
    for i in range(how.order + 1):
        index = g.Add(start, 1) if i else start
        inside = g.And(g.GreaterOrEqual(index, 0), g.Less(index, size))
        weight = None
        if how.order == 1:
            fraction = g.Sub(x, lower)
            one = g.cast(1.0, require_dtype(x))
            weight = fraction if i else g.Sub(one, fraction)
        yield index_map(g, index, size), inside, weight


def scalar_size(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Return the size of an axis as an int64 scalar."""
    known = g.static_shape(x)[axis]
    if known is not None:
        return g.constant(np.asarray(known, np.int64))
    return g.Squeeze(g.size(x, axis), [0])


@converts("image.MapCoordinates")
def map_coordinates(
    g: GraphBuilder, op: Any, inputs: ir.Value, coordinates: Any
) -> ir.Value:
    """Map `image.map_coordinates` to Gathers and a weighted sum."""
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
        Interpolation(op.order, op.fill_mode, op.fill_value, _round_half_even),
        gather=lambda index: g.Gather(flat, index, axis=0),
    )
