"""Images taken at other places: coordinates, affine maps, perspectives."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.ops.core import saturated
from keras_acts.export.convert.ops.spatial import transposed
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

_ORDERS = {"nearest": 0, "bilinear": 1}

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


def _sampled(
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


def _scalar_size(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
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
            part if _is_float(part) else g.cast(part, ir.DataType.FLOAT)
            for part in parts
        ]
    flat = g.Reshape(inputs, [-1])
    return _sampled(
        g,
        inputs,
        [_scalar_size(g, inputs, axis) for axis in range(rank)],
        parts,
        order=op.order,
        fill_mode=op.fill_mode,
        fill_value=op.fill_value,
        rounding=_half_even,
        gather=lambda index: g.Gather(flat, index, axis=0),
    )


def _is_float(x: ir.Value) -> bool:
    return require_dtype(x).is_floating_point()


@converts("image.AffineTransform")
def affine_transform(
    g: GraphBuilder, op: Any, images: ir.Value, transform: ir.Value
) -> ir.Value:
    """Append an affine map; its last two numbers are taken for 0, as Keras says."""
    return _mapped(g, op, images, _rows(g, transform, 6), op.fill_mode)


@converts("image.PerspectiveTransform")
def perspective_transform(
    g: GraphBuilder,
    op: Any,
    images: ir.Value,
    start_points: ir.Value,
    end_points: ir.Value,
) -> ir.Value:
    """Append a perspective: the map from the end points to the start points.

    Four points have the coordinates 1 to the matrix of the first three, its columns
    scaled so that they add up to the fourth.
    """
    start, end = (_basis(g, points) for points in (start_points, end_points))
    whole = g.MatMul(start, _adjugate(g, end))
    flat = g.Reshape(whole, [-1, 9])
    scaled = g.Div(flat, g.Gather(flat, np.asarray([8]), axis=1))
    numbers = _rows(g, g.with_shape(scaled, [None, 9]), 8)
    return _mapped(g, op, images, numbers, "constant")


def _rows(g: GraphBuilder, table: ir.Value, count: int) -> list[ir.Value]:
    """Return numbers by image, each of a shape that fits all places of an image."""
    floats = table if _is_float(table) else g.cast(table, ir.DataType.FLOAT)
    if g.rank(table) == 1:
        floats = g.Unsqueeze(floats, [0])
    columns = [g.Gather(floats, np.asarray([i]), axis=1) for i in range(count)]
    return [g.Unsqueeze(column, [2]) for column in columns]


def _mapped(
    g: GraphBuilder, op: Any, images: ir.Value, numbers: list[ir.Value], fill_mode: str
) -> ir.Value:
    """Take each pixel from where a map of six or eight numbers says."""
    first, single = op.data_format == "channels_first", g.rank(images) == 3
    x = images
    if single:
        x = g.with_shape(g.Unsqueeze(images, [0]), [1, *g.static_shape(images)])
    if first:
        x = transposed(g, x, [0, 2, 3, 1])
    sizes = [_scalar_size(g, x, axis) for axis in (1, 2)]
    places = _sources(g, numbers, *sizes)
    batch, channels = g.size(x, 0), g.size(x, 3)
    grid = g.Concat(batch, g.size(x, 1), g.size(x, 2), axis=0)
    flat = g.Reshape(x, g.Concat(batch, [-1], channels, axis=0))
    y = _sampled(
        g,
        x,
        sizes,
        [g.Expand(place, grid) for place in places],
        order=_ORDERS[op.interpolation],
        fill_mode=fill_mode,
        fill_value=op.fill_value,
        gather=lambda index: g.GatherND(flat, g.Unsqueeze(index, [3]), batch_dims=1),
        spread=lambda z: g.Unsqueeze(z, [3]),
    )
    y = g.with_shape(y, g.static_shape(x))
    if first:
        y = transposed(g, y, [0, 3, 1, 2])
    return g.Squeeze(y, [0]) if single else y


def _sources(
    g: GraphBuilder, numbers: list[ir.Value], height: ir.Value, width: ir.Value
) -> list[ir.Value]:
    """Return the row and the column that a map gives each pixel."""
    dtype = require_dtype(numbers[0])
    rows = g.Unsqueeze(_places(g, height, dtype), [1])
    columns = _places(g, width, dtype)

    def line(a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        result: ir.Value = g.Add(g.Add(g.Mul(a, columns), g.Mul(b, rows)), c)
        return result

    sources = [line(*numbers[3:6]), line(*numbers[:3])]
    if len(numbers) == 6:
        return sources
    depth = line(numbers[6], numbers[7], g.cast(1.0, dtype))
    return [g.Div(source, depth) for source in sources]


def _places(g: GraphBuilder, size: ir.Value, dtype: ir.DataType) -> ir.Value:
    return g.cast(g.Range(np.int64(0), size, np.int64(1)), dtype)


def _basis(g: GraphBuilder, points: ir.Value) -> ir.Value:
    """Return the matrices that four points are 1 to, of shape (images, 3, 3)."""
    wide = g.Reshape(g.cast(points, ir.DataType.DOUBLE), [-1, 4, 2])
    ones = g.Add(g.Mul(g.Slice(wide, [0], [1], [2]), 0.0), 1.0)
    rows = g.Concat(wide, ones, axis=2)
    three = g.Transpose(g.Slice(rows, [0], [3], [1]), perm=[0, 2, 1])
    fourth = g.Transpose(g.Slice(rows, [3], [4], [1]), perm=[0, 2, 1])
    shares = g.MatMul(_adjugate(g, three), fourth)
    scaled: ir.Value = g.Mul(three, g.Transpose(shares, perm=[0, 2, 1]))
    return scaled


def _adjugate(g: GraphBuilder, matrices: ir.Value) -> ir.Value:
    """Return the inverses of matrices of three rows, but for a factor.

    A row is the cross product of two columns.
    """
    columns = [g.Slice(matrices, [i], [i + 1], [2]) for i in range(3)]
    rows = [_cross(g, columns[i - 2], columns[i - 1]) for i in range(3)]
    result: ir.Value = g.Transpose(g.Concat(*rows, axis=2), perm=[0, 2, 1])
    return result


def _cross(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    after, before = np.asarray([1, 2, 0]), np.asarray([2, 0, 1])
    one = g.Mul(g.Gather(x, after, axis=1), g.Gather(y, before, axis=1))
    other = g.Mul(g.Gather(x, before, axis=1), g.Gather(y, after, axis=1))
    product: ir.Value = g.Sub(one, other)
    return product
