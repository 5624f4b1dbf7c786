"""Resizing of images: by ONNX's Resize where its definition is Keras's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand, Size
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.convert.common.resampling import (
    operators_for,
    resize_by_weights,
)
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.ops.core.casting import saturated
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

# The first opset in which Resize can antialias.
_ANTIALIAS = 18

# The attributes of ONNX's Resize for each of Keras's interpolations: all use pixel
# centers, and nearest breaks ties upwards.
_CENTERS = {"coordinate_transformation_mode": "half_pixel"}
_INTERPOLATIONS: dict[str, dict[str, Any]] = {
    "bicubic": {
        **_CENTERS,
        "mode": "cubic",
        "cubic_coeff_a": -0.5,
        "exclude_outside": 1,
    },
    "bilinear": {**_CENTERS, "mode": "linear"},
    "nearest": {**_CENTERS, "mode": "nearest", "nearest_mode": "round_prefer_ceil"},
}


def resize(
    g: GraphBuilder,
    x: ir.Value,
    axes: Sequence[int],
    interpolation: str,
    *,
    sizes: Sequence[Size] | None = None,
    scales: Sequence[float] | None = None,
    antialias: bool = False,
) -> ir.Value:
    """Append a Resize of some axes to new sizes, or by factors.

    Runtimes interpolate the last axes, so the other axes go first. All axes are given,
    not a subset by `axes`, which onnxruntime 1.31 forgets when it moves a transpose.
    """
    attributes = dict(_INTERPOLATIONS[interpolation])
    if antialias:
        attributes |= {"antialias": 1, "exclude_outside": 1}
    rank, outer = g.rank(x), g.rank(x) - len(axes)
    order = [axis for axis in range(rank) if axis not in axes] + list(axes)
    known = _known_sizes([g.static_shape(x)[axis] for axis in order], sizes, scales)
    # No other dtype has a kernel on all providers.
    x = transposed(g, g.cast(x, ir.DataType.FLOAT), order)
    outer_sizes = [g.size(x, axis) for axis in range(outer)]
    if interpolation == "bicubic":
        # One channel per image: between two transposes the runtime would resize with
        # the channels last, where it can't shrink; it moves no transpose across a
        # Reshape.
        spatial = (g.size(x, axis) for axis in range(outer, rank))
        x = g.with_shape(g.Reshape(x, g.shape(-1, 1, *spatial)), [None, 1, None, None])
    if scales is not None:
        ratios = np.asarray([1.0] * outer + list(scales), np.float32)
        y = g.Resize(x, None, ratios, **attributes)
    else:
        others = (g.size(x, axis) for axis in range(g.rank(x) - len(axes)))
        y = g.Resize(x, None, None, g.shape(*others, *(sizes or ())), **attributes)
    if interpolation == "bicubic":
        y = g.Reshape(y, g.Concat(g.shape(*outer_sizes), g.Shape(y, start=2), axis=0))
    y = g.with_shape(y, known)
    return transposed(g, y, [order.index(axis) for axis in range(rank)])


def _known_sizes(
    before: Sequence[int | None],
    sizes: Sequence[Any] | None,
    scales: Sequence[float] | None,
) -> list[int | None]:
    """Return the sizes of a tensor of which the last axes are resized."""
    if scales is not None:
        last = zip(before[-len(scales) :], scales, strict=True)
        resized = [None if n is None else math.floor(n * k) for n, k in last]
    else:
        resized = [n if isinstance(n, int) else None for n in sizes or ()]
    return [*before[: len(before) - len(resized)], *resized]


def has_operator(x: ir.Value, interpolation: str) -> bool:
    """Whether ONNX's Resize supports an interpolation in a dtype; not in float64."""
    return interpolation in _INTERPOLATIONS and x.dtype != ir.DataType.DOUBLE


@converts("image.Resize")
def resize_images(g: GraphBuilder, op: Any, images: Operand) -> ir.Value:
    """Map `image.resize` to Resize; integers are computed in float32 and rounded."""
    x = g.cast(images, g.spec.dtype)
    dtype, axes = require_dtype(x), spatial_axes(g, op, x)
    floats = dtype.is_floating_point()
    if not floats and (op.interpolation != "nearest" or op.pad_to_aspect_ratio):
        x = g.cast(x, ir.DataType.FLOAT)
    if op.crop_to_aspect_ratio:
        x = cropped_to_aspect_ratio(g, x, axes, op.size)
    elif op.pad_to_aspect_ratio:
        x = _padded_to_aspect_ratio(g, op, x, axes)
    y = _resized(g, op, x, axes)
    if floats or require_dtype(y) == dtype:
        return y
    return saturated(g, g.Round(y), dtype)


def spatial_axes(g: GraphBuilder, op: Any, x: ir.Value) -> list[int]:
    """Return the axes of height and width."""
    last = op.data_format == "channels_last"
    return [axis % g.rank(x) for axis in ((-3, -2) if last else (-2, -1))]


def _resized(g: GraphBuilder, op: Any, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    method, sizes = op.interpolation, [_as_size(g, size) for size in op.size]
    if method == "nearest":
        for axis, size in zip(axes, sizes, strict=True):
            x = _nearest(g, x, axis, size)
        return x
    if has_operator(x, method) and (g.opset >= _ANTIALIAS or not op.antialias):
        return resize(g, x, axes, method, sizes=sizes, antialias=op.antialias)
    floats = x if x.dtype == ir.DataType.DOUBLE else g.cast(x, ir.DataType.FLOAT)
    new = [
        g.cast(size, ir.DataType.DOUBLE) if isinstance(size, ir.Value) else size
        for size in sizes
    ]
    return resize_by_weights(g, floats, axes, new, method, antialias=op.antialias)


def _nearest(g: GraphBuilder, x: ir.Value, axis: int, new: Size) -> ir.Value:
    """Gather the input pixel that contains each output pixel's center, in any dtype."""
    two, one = np.int64(2), np.int64(1)
    size = g.static_shape(x)[axis]
    old = g.size(x, axis) if size is None else size
    pixels: Any
    if isinstance(new, ir.Value):
        new = g.cast(new, ir.DataType.INT64)
        pixels = g.Range(np.int64(0), new, one)
    else:
        pixels = np.arange(new, dtype=np.int64)
    n = operators_for(g, old, new)
    odd = operators_for(g, new).Add(operators_for(g, new).Mul(pixels, two), one)
    width = operators_for(g, new).Mul(new, two)
    return g.Gather(x, n.Div(n.Mul(odd, old), width), axis=axis)


def cropped_to_aspect_ratio(
    g: GraphBuilder, x: ir.Value, axes: Sequence[int], size: Sequence[Size]
) -> ir.Value:
    """Crop the center to the largest part with the aspect ratio of a size."""
    height, width = _sizes(g, x, axes)
    size = _wanted(g, size)
    n, one = operators_for(g, height, width, *size), np.int64(1)
    lengths = [
        n.Max(n.Min(length, _in_proportion(n, other, size, i)), one)
        for i, length, other in ((0, height, width), (1, width, height))
    ]
    starts = [
        n.Div(n.Sub(length, cropped), np.int64(2))
        for length, cropped in zip((height, width), lengths, strict=True)
    ]
    return sliced(g, x, axes, starts, lengths)


def _padded_to_aspect_ratio(
    g: GraphBuilder, op: Any, x: ir.Value, axes: Sequence[int]
) -> ir.Value:
    if op.fill_mode != "constant":
        raise UnsupportedOperationError(
            "`fill_mode` must be 'constant', as in every backend of Keras. "
            f"Received: fill_mode={op.fill_mode!r}"
        )
    height, width = _sizes(g, x, axes)
    size = _wanted(g, op.size)
    n = operators_for(g, height, width, *size)
    pads = [
        n.Div(n.Max(n.Sub(_in_proportion(n, other, size, i), length), 0), 2)
        for i, (length, other) in enumerate(((height, width), (width, height)))
    ]
    amounts: list[Any] = [0] * g.rank(x)
    for axis, pad in zip(axes, pads, strict=True):
        amounts[axis] = _as_size(g, pad)
    y = g.Pad(x, g.shape(*amounts, *amounts), float(op.fill_value))
    sizes = [
        None if size is None or isinstance(pad, ir.Value) else size + 2 * pad
        for size, pad in zip(g.static_shape(x), amounts, strict=True)
    ]
    return g.with_shape(y, sizes)


def _sizes(g: GraphBuilder, x: ir.Value, axes: Sequence[int]) -> list[Any]:
    """Return sizes as numbers, or as tensors if any is unknown."""
    known = [g.static_shape(x)[axis] for axis in axes]
    if None not in known:
        return [np.int64(size) for size in known if size is not None]
    return [g.size(x, axis) for axis in axes]


def _wanted(g: GraphBuilder, size: Sequence[Size]) -> list[Any]:
    """Return new sizes as numbers, or as vectors of one element if unknown."""
    return [g.shape(x) if isinstance(x, ir.Value) else np.int64(x) for x in size]


def _in_proportion(n: Any, other: Any, size: Sequence[Any], i: int) -> Any:
    """Return the length of one side, from the other, at the aspect ratio of a size."""
    return n.Div(n.Mul(other, size[i]), size[1 - i])


def sliced(
    g: GraphBuilder,
    x: ir.Value,
    axes: Sequence[int],
    starts: Sequence[Any],
    lengths: Sequence[Any],
) -> ir.Value:
    """Append a Slice of some axes, whose starts and lengths may be known or not."""
    ends = [
        operators_for(g, start, part).Add(start, part)
        for start, part in zip(starts, lengths, strict=True)
    ]
    first, last = ([_as_size(g, one) for one in side] for side in (starts, ends))
    y = g.Slice(x, g.shape(*first), g.shape(*last), list(axes))
    sizes = list(g.static_shape(x))
    for axis, part in zip(axes, lengths, strict=True):
        sizes[axis] = None if isinstance(part, ir.Value) else int(part)
    return g.with_shape(y, sizes)


def _as_size(g: GraphBuilder, x: Any) -> int | ir.Value:
    return x if isinstance(x, ir.Value) else int(x)
