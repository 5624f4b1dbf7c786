"""Images and their blocks: to and from channels, to and from columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.spatial import in_channels_first, per_axis
from keras_acts.export.convert.registry import converts

# The types in which onnxruntime has ONNX's own operators; both only move numbers.
_KERNELS = (ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.FLOAT16)


@converts("nn.DepthToSpace")
def depth_to_space(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """With the channels last a block's place comes first in the depth, else last."""
    last = op.data_format == "channels_last"
    block = int(op.block_size)

    def compute(image: ir.Value) -> ir.Value:
        if image.dtype in _KERNELS:
            mode = "DCR" if last else "CRD"
            made: ir.Value = g.DepthToSpace(image, blocksize=block, mode=mode)
            return made
        n, depth, height, width = (g.size(image, axis) for axis in range(4))
        channels = _one(g, g.Div(depth, [block * block]))
        inner: list[int | ir.Value] = [channels, block, block]
        if last:
            inner = [block, block, channels]
        split = g.Reshape(image, g.shape(n, *inner, height, width))
        perm = [0, 3, 4, 1, 5, 2] if last else [0, 1, 4, 2, 5, 3]
        rows, columns = (_one(g, g.Mul(size, [block])) for size in (height, width))
        sizes = channels, rows, columns
        return g.Reshape(g.Transpose(split, perm=perm), g.shape(n, *sizes))

    return in_channels_first(g, op, x, compute)


@converts("nn.SpaceToDepth")
def space_to_depth(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """The inverse of `depth_to_space`; ONNX's operator has the first order alone."""
    last = op.data_format == "channels_last"
    block = int(op.block_size)

    def compute(image: ir.Value) -> ir.Value:
        if last and image.dtype in _KERNELS:
            made: ir.Value = g.SpaceToDepth(image, blocksize=block)
            return made
        n, channels, height, width = (g.size(image, axis) for axis in range(4))
        height, width = (_one(g, g.Div(size, [block])) for size in (height, width))
        split = g.Reshape(image, g.shape(n, channels, height, block, width, block))
        perm = [0, 3, 5, 1, 2, 4] if last else [0, 1, 3, 5, 2, 4]
        sizes = _one(g, g.Mul(channels, [block * block])), height, width
        return g.Reshape(g.Transpose(split, perm=perm), g.shape(n, *sizes))

    return in_channels_first(g, op, x, compute)


def _one(g: GraphBuilder, size: ir.Value) -> ir.Value:
    return g.with_shape(size, (1,))


def _places(size: int, kernel: int, dilation: int, padding: int, stride: int) -> Any:
    """Return where each number of each window is on a padded axis."""
    count = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    return np.arange(kernel)[:, None] * dilation + np.arange(count) * stride


def _axes(op: Any, sizes: Any) -> tuple[Any, Any]:
    numbers = (per_axis(n, 2) for n in (op.dilation, op.padding, op.stride))
    rows, columns = (
        _places(*one)
        for one in zip(sizes, per_axis(op.kernel_size, 2), *numbers, strict=True)
    )
    return rows, columns


@converts("nn.Unfold")
def unfold(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    channels, *sizes = g.static_shape(x)[1:]
    rows, columns = _axes(op, sizes)
    above, left = per_axis(op.padding, 2)
    if above or left:
        x = g.Pad(x, [0, 0, above, left] * 2)
    cut = g.Gather(g.Gather(x, columns, axis=3), rows, axis=2)
    by_place = g.Transpose(cut, perm=[0, 1, 2, 4, 3, 5])
    places, windows = len(rows) * len(columns), rows.shape[1] * columns.shape[1]
    return g.Reshape(by_place, [0, (channels or 0) * places, windows])


@converts("nn.Fold")
def fold(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Gather for each pixel the numbers that lie on it, and add them up.

    There is one zero more, for pixels on which fewer lie than on others.
    """
    height, width = per_axis(op.output_size, 2)
    rows, columns = _axes(op, (height, width))
    above, left = per_axis(op.padding, 2)
    y = np.broadcast_to(rows[:, None, :, None] - above, _whole(rows, columns)).ravel()
    z = np.broadcast_to(columns[None, :, None] - left, _whole(rows, columns)).ravel()
    inside = (y >= 0) & (y < height) & (z >= 0) & (z < width)
    lying: list[list[int]] = [[] for _ in range(height * width)]
    for source in np.flatnonzero(inside):
        lying[y[source] * width + z[source]].append(int(source))
    most = max(1, max(map(len, lying)))
    table = np.asarray([one + [y.size] * (most - len(one)) for one in lying])
    flat = g.Pad(g.Reshape(x, [0, -1, y.size]), [0, 0, 0, 0, 0, 1])
    total = reduce(g, "ReduceSum", g.Gather(flat, table, axis=2), [3])
    return g.Reshape(total, [0, 0, height, width])


def _whole(rows: Any, columns: Any) -> tuple[int, ...]:
    return (len(rows), len(columns), rows.shape[1], columns.shape[1])
