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
    Interpolation,
    sampled,
    scalar_size,
)
from keras_acts.export.convert.registry import converts


@converts("image.AffineTransform")
def affine_transform(
    g: GraphBuilder, op: Any, images: ir.Value, transform: ir.Value
) -> ir.Value:
    """Map `image.affine_transform` to coordinates and GatherND; the shape stays."""
    return _transform(g, op, images, _coefficients(g, transform, 6), op.fill_mode)


@converts("image.PerspectiveTransform")
def perspective_transform(
    g: GraphBuilder,
    op: Any,
    images: ir.Value,
    start_points: ir.Value,
    end_points: ir.Value,
) -> ir.Value:
    """Map `image.perspective_transform` to coordinates and GatherND; the shape stays.

    The matrix that maps the end points to the start points is the product of two bases,
    in each of which four points have the coordinates (1, 0, 0), (0, 1, 0), (0, 0, 1)
    and (1, 1, 1).
    """
    start, end = (_basis(g, points) for points in (start_points, end_points))
    matrix = g.MatMul(start, _adjugate(g, end))
    flat = g.Reshape(matrix, [-1, 9])
    scaled = g.Div(flat, g.Gather(flat, np.asarray([8]), axis=1))
    coefficients = _coefficients(g, scaled, 8)
    return _transform(g, op, images, coefficients, "constant")


def _coefficients(g: GraphBuilder, table: ir.Value, count: int) -> list[ir.Value]:
    """Return the coefficients of each image, broadcastable to its pixels."""
    floats = table if is_float(table) else g.cast(table, ir.DataType.FLOAT)
    if g.rank(table) == 1:
        floats = g.Unsqueeze(floats, [0])
    columns = [g.Gather(floats, np.asarray([i]), axis=1) for i in range(count)]
    return [g.Unsqueeze(column, [2]) for column in columns]


def _transform(
    g: GraphBuilder,
    op: Any,
    images: ir.Value,
    coefficients: list[ir.Value],
    fill_mode: str,
) -> ir.Value:
    """Sample each pixel at the coordinates given by six or eight coefficients."""
    channels_first, single = op.data_format == "channels_first", g.rank(images) == 3
    x = images
    if single:
        x = g.with_shape(g.Unsqueeze(images, [0]), [1, *g.static_shape(images)])
    if channels_first:
        x = transposed(g, x, [0, 2, 3, 1])
    sizes = [scalar_size(g, x, axis) for axis in (1, 2)]
    coordinates = _sources(g, coefficients, *sizes)
    batch, channels = g.size(x, 0), g.size(x, 3)
    grid = g.Concat(batch, g.size(x, 1), g.size(x, 2), axis=0)
    flat = g.Reshape(x, g.Concat(batch, [-1], channels, axis=0))
    y = sampled(
        g,
        x,
        sizes,
        [g.Expand(coordinate, grid) for coordinate in coordinates],
        Interpolation(ORDERS[op.interpolation], fill_mode, op.fill_value),
        gather=lambda index: g.GatherND(flat, g.Unsqueeze(index, [3]), batch_dims=1),
        align=lambda z: g.Unsqueeze(z, [3]),
    )
    y = g.with_shape(y, g.static_shape(x))
    if channels_first:
        y = transposed(g, y, [0, 3, 1, 2])
    return g.Squeeze(y, [0]) if single else y


def _sources(
    g: GraphBuilder, coefficients: list[ir.Value], height: ir.Value, width: ir.Value
) -> list[ir.Value]:
    """Return the row and column in the input of each output pixel."""
    dtype = require_dtype(coefficients[0])
    rows = g.Unsqueeze(_pixel_indices(g, height, dtype), [1])
    columns = _pixel_indices(g, width, dtype)

    def linear(a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return g.Add(g.Add(g.Mul(a, columns), g.Mul(b, rows)), c)

    sources = [linear(*coefficients[3:6]), linear(*coefficients[:3])]
    if len(coefficients) == 6:
        return sources
    depth = linear(coefficients[6], coefficients[7], g.cast(1.0, dtype))
    return [g.Div(source, depth) for source in sources]


def _pixel_indices(g: GraphBuilder, size: ir.Value, dtype: ir.DataType) -> ir.Value:
    return g.cast(g.Range(np.int64(0), size, np.int64(1)), dtype)


def _basis(g: GraphBuilder, points: ir.Value) -> ir.Value:
    """Return the matrices of the bases that four points define, (images, 3, 3)."""
    doubles = g.Reshape(g.cast(points, ir.DataType.DOUBLE), [-1, 4, 2])
    ones = g.Add(g.Mul(g.Slice(doubles, [0], [1], [2]), 0.0), 1.0)
    rows = g.Concat(doubles, ones, axis=2)
    three = g.Transpose(g.Slice(rows, [0], [3], [1]), perm=[0, 2, 1])
    fourth = g.Transpose(g.Slice(rows, [3], [4], [1]), perm=[0, 2, 1])
    coordinates = g.MatMul(_adjugate(g, three), fourth)
    return g.Mul(three, g.Transpose(coordinates, perm=[0, 2, 1]))


def _adjugate(g: GraphBuilder, matrices: ir.Value) -> ir.Value:
    """Return the inverses of 3×3 matrices, up to a factor.

    Each row is the cross product of two columns.
    """
    columns = [g.Slice(matrices, [i], [i + 1], [2]) for i in range(3)]
    rows = [_cross(g, columns[i - 2], columns[i - 1]) for i in range(3)]
    return g.Transpose(g.Concat(*rows, axis=2), perm=[0, 2, 1])


def _cross(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    after, before = np.asarray([1, 2, 0]), np.asarray([2, 0, 1])
    left = g.Mul(g.Gather(x, after, axis=1), g.Gather(y, before, axis=1))
    right = g.Mul(g.Gather(x, before, axis=1), g.Gather(y, after, axis=1))
    return g.Sub(left, right)
