"""Affine and perspective transforms of images."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.promotion import is_float
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.ops.image.map_coordinates import (
    ORDERS,
    sampled,
    scalar_size,
)
from keras_acts.export.convert.registry import converts


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
    floats = table if is_float(table) else g.cast(table, ir.DataType.FLOAT)
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
    sizes = [scalar_size(g, x, axis) for axis in (1, 2)]
    places = _sources(g, numbers, *sizes)
    batch, channels = g.size(x, 0), g.size(x, 3)
    grid = g.Concat(batch, g.size(x, 1), g.size(x, 2), axis=0)
    flat = g.Reshape(x, g.Concat(batch, [-1], channels, axis=0))
    y = sampled(
        g,
        x,
        sizes,
        [g.Expand(place, grid) for place in places],
        order=ORDERS[op.interpolation],
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
