"""Blocks of images, to and from channels and columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.spatial import in_channels_first, per_axis
from keras_acts.export.convert.registry import converts

# The dtypes in which onnxruntime has DepthToSpace and SpaceToDepth.
_KERNELS = (ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.FLOAT16)


@converts("nn.DepthToSpace")
def depth_to_space(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.depth_to_space` to DepthToSpace, or to Reshape and Transpose.

    Channels last, the block's position is the outer part of the depth, else the inner
    one.
    """
    last = op.data_format == "channels_last"
    block = int(op.block_size)

    def compute(image: ir.Value) -> ir.Value:
        if image.dtype in _KERNELS:
            mode = "DCR" if last else "CRD"
            return g.DepthToSpace(image, blocksize=block, mode=mode)
        n, depth, height, width = (g.size(image, axis) for axis in range(4))
        channels = g.Div(depth, [block * block])
        inner: list[int | ir.Value] = [channels, block, block]
        if last:
            inner = [block, block, channels]
        split = g.Reshape(image, g.shape(n, *inner, height, width))
        perm = [0, 3, 4, 1, 5, 2] if last else [0, 1, 4, 2, 5, 3]
        rows, columns = (g.Mul(size, [block]) for size in (height, width))
        sizes = channels, rows, columns
        return g.Reshape(g.Transpose(split, perm=perm), g.shape(n, *sizes))

    return in_channels_first(g, op, x, compute)


@converts("nn.SpaceToDepth")
def space_to_depth(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.space_to_depth` to SpaceToDepth, or to Reshape and Transpose.

    ONNX's operator has the order of channels last only.
    """
    last = op.data_format == "channels_last"
    block = int(op.block_size)

    def compute(image: ir.Value) -> ir.Value:
        if last and image.dtype in _KERNELS:
            return g.SpaceToDepth(image, blocksize=block)
        n, channels, height, width = (g.size(image, axis) for axis in range(4))
        height, width = (g.Div(size, [block]) for size in (height, width))
        split = g.Reshape(image, g.shape(n, channels, height, block, width, block))
        perm = [0, 3, 5, 1, 2, 4] if last else [0, 1, 3, 5, 2, 4]
        sizes = g.Mul(channels, [block * block]), height, width
        return g.Reshape(g.Transpose(split, perm=perm), g.shape(n, *sizes))

    return in_channels_first(g, op, x, compute)


def _window_indices(
    size: int, kernel: int, dilation: int, padding: int, stride: int
) -> Any:
    """Return the indices of the elements of each window on a padded axis."""
    count = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    return np.arange(kernel)[:, None] * dilation + np.arange(count) * stride


def _axes(op: Any, sizes: Any) -> tuple[Any, Any]:
    numbers = (per_axis(n, 2) for n in (op.dilation, op.padding, op.stride))
    rows, columns = (
        _window_indices(*one)
        for one in zip(sizes, per_axis(op.kernel_size, 2), *numbers, strict=True)
    )
    return rows, columns


@converts("nn.Unfold")
def unfold(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.unfold` to Gathers; (batch, channels * window, windows)."""
    channels, *sizes = g.static_shape(x)[1:]
    rows, columns = _axes(op, sizes)
    above, left = per_axis(op.padding, 2)
    if above or left:
        x = g.Pad(x, [0, 0, above, left] * 2)
    cut = g.Gather(g.Gather(x, columns, axis=3), rows, axis=2)
    by_tap = g.Transpose(cut, perm=[0, 1, 2, 4, 3, 5])
    taps, windows = len(rows) * len(columns), rows.shape[1] * columns.shape[1]
    return g.Reshape(by_tap, [0, (channels or 0) * taps, windows])


@converts("nn.Fold")
def fold(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.fold` to a Gather of the contributions to each pixel, and ReduceSum.

    An appended zero fills up the pixels that have fewer contributions than others.
    """
    height, width = per_axis(op.output_size, 2)
    rows, columns = _axes(op, (height, width))
    above, left = per_axis(op.padding, 2)
    y = np.broadcast_to(
        rows[:, None, :, None] - above, _broadcast_shape(rows, columns)
    ).ravel()
    z = np.broadcast_to(
        columns[None, :, None] - left, _broadcast_shape(rows, columns)
    ).ravel()
    inside = (y >= 0) & (y < height) & (z >= 0) & (z < width)
    contributions: list[list[int]] = [[] for _ in range(height * width)]
    for source in np.flatnonzero(inside):
        contributions[y[source] * width + z[source]].append(int(source))
    limit = max(1, max(map(len, contributions)))
    table = np.asarray([one + [y.size] * (limit - len(one)) for one in contributions])
    flat = g.Pad(g.Reshape(x, [0, -1, y.size]), [0, 0, 0, 0, 0, 1])
    total = reduce(g, "ReduceSum", g.Gather(flat, table, axis=2), [3])
    return g.Reshape(total, [0, 0, height, width])


def _broadcast_shape(rows: Any, columns: Any) -> tuple[int, ...]:
    """Return the shape (rows, columns of a window, rows, columns of windows)."""
    return (len(rows), len(columns), rows.shape[1], columns.shape[1])
