"""Parts of images: patches, and borders to add or remove."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.resampling import operators_for
from keras_acts.export.convert.common.spatial import (
    padding_attributes,
    per_axis,
    same_pads,
    to_channels_first,
    transposed,
)
from keras_acts.export.convert.ops.image.resize import sliced, spatial_axes
from keras_acts.export.convert.registry import converts


@converts("image.ExtractPatches")
def extract_patches(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.extract_patches` to a Gather per axis; patches become channels."""
    count, channels_last = len(op.size), op.data_format == "channels_last"
    batched = g.rank(images) == count + 2
    x = images if batched else _batch_of_one(g, images)
    if channels_last:
        x = transposed(g, x, to_channels_first(count + 2))
    strides = per_axis(op.strides or op.size, count)
    dilations = per_axis(op.dilation_rate, count)
    extents = [(k - 1) * d + 1 for k, d in zip(op.size, dilations, strict=True)]
    x = _padded(g, op, x, extents, strides)
    for i, (size, stride, dilation) in enumerate(
        zip(op.size, strides, dilations, strict=True)
    ):
        x = _windows(g, x, 2 + 2 * i, size, stride, dilation)
    # Batch, channels, then for each axis the patches and their pixels.
    grid = [2 + 2 * i for i in range(count)]
    pixels = [3 + 2 * i for i in range(count)]
    sizes = [g.size(x, axis) for axis in grid]
    if channels_last:
        y = g.Transpose(x, perm=[0, *grid, *pixels, 1])
        y = g.Reshape(y, g.shape(g.size(x, 0), *sizes, -1))
    else:
        y = g.Transpose(x, perm=[0, *pixels, 1, *grid])
        y = g.Reshape(y, g.shape(g.size(x, 0), -1, *sizes))
    return y if batched else g.Squeeze(y, [0])


def _batch_of_one(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Unsqueeze(x, [0])


def _padded(
    g: GraphBuilder, op: Any, x: ir.Value, extents: list[int], strides: list[int]
) -> ir.Value:
    sizes = g.static_shape(x)[2:]
    attributes = padding_attributes(sizes, extents, strides, op.padding)
    if not attributes:
        return x
    if "pads" not in attributes:
        amounts = g.Concat(*same_pads(g, x, extents, strides), axis=0)
        return g.Pad(x, amounts)
    pads, count = attributes["pads"], len(extents)
    return g.Pad(x, [0, 0, *pads[:count], 0, 0, *pads[count:]])


def _windows(
    g: GraphBuilder, x: ir.Value, axis: int, size: int, stride: int, dilation: int
) -> ir.Value:
    """Replace an axis by two: the windows along it, and the elements of a window."""
    offsets = np.arange(size, dtype=np.int64) * dilation
    known = g.static_shape(x)[axis]
    extent = int(offsets[-1]) + 1
    if known is not None:
        count = max((known - extent) // stride + 1, 0)
        starts = np.arange(count, dtype=np.int64) * stride
        indices: Any = starts[:, None] + offsets
    else:
        end = g.Sub(g.size(x, axis), [extent - 1])
        zero, step = np.int64(0), np.int64(stride)
        indices = g.Add(
            g.Unsqueeze(g.Range(zero, g.Squeeze(end, [0]), step), [1]), offsets
        )
    return g.Gather(x, indices, axis=axis)


@converts("image.PadImages")
def pad_images(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.pad_images` to Pad of height and width."""
    axes = spatial_axes(g, op, images)
    starts: list[Any] = [0] * g.rank(images)
    ends: list[Any] = [0] * g.rank(images)
    given = (
        (op.top_padding, op.bottom_padding, op.target_height),
        (op.left_padding, op.right_padding, op.target_width),
    )
    for axis, (before, after, target) in zip(axes, given, strict=True):
        if before is None:
            before = _remaining(g, images, axis, target, after)
        if after is None:
            after = _remaining(g, images, axis, target, before)
        starts[axis], ends[axis] = before, after
    return g.Pad(images, g.shape(*starts, *ends))


def _remaining(g: GraphBuilder, x: ir.Value, axis: int, target: int, other: Any) -> Any:
    """Return the padding left to reach the target size."""
    size = g.static_shape(x)[axis]
    if size is not None:
        return target - size - other
    return g.Sub([target - other], g.size(x, axis))


@converts("image.CropImages")
def crop_images(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.crop_images` to Slice of height and width."""
    axes = spatial_axes(g, op, images)
    given = (
        (op.top_cropping, op.bottom_cropping, op.target_height),
        (op.left_cropping, op.right_cropping, op.target_width),
    )
    starts, lengths = [], []
    for axis, (before, after, target) in zip(axes, given, strict=True):
        known = g.static_shape(images)[axis]
        size = g.size(images, axis) if known is None else np.int64(known)
        n = operators_for(g, size)
        if target is None:
            target = n.Sub(size, np.asarray(before + after, np.int64))
        if before is None:
            before = n.Sub(size, np.asarray(target + after, np.int64))
        starts.append(before)
        lengths.append(target)
    return sliced(g, images, axes, starts, lengths)
