"""Layout, windows and padding, for operations on images and sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder

Sizes = Sequence[int]


def per_axis(value: int | Sequence[int], rank: int) -> list[int]:
    """Return one number for each spatial axis."""
    return [value] * rank if isinstance(value, int) else list(value)


def to_channels_first(rank: int) -> list[int]:
    """Return the permutation that moves the last axis to index 1."""
    return [0, rank - 1, *range(1, rank - 1)]


def to_channels_last(rank: int) -> list[int]:
    """Return the inverse permutation of `to_channels_first`."""
    return [0, *range(2, rank), 1]


def transposed(g: GraphBuilder, x: ir.Value, perm: Sequence[int]) -> ir.Value:
    """Append a Transpose, unless the permutation is the identity."""
    if list(perm) == sorted(perm):
        return x
    return g.Transpose(x, perm=list(perm))


def in_channels_first(
    g: GraphBuilder,
    op: Any,
    x: ir.Value,
    compute: Callable[[ir.Value], ir.Value],
) -> ir.Value:
    """Run operators with the channels at axis 1, as ONNX expects them.

    Args:
        g: The graph builder.
        op: The operation; its `data_format` says where the channels of `x` are.
        x: The operation's input.
        compute: Appends the operators; its result is returned in the layout of `x`.
    """
    if not _channels_last(op):
        return compute(x)
    rank = g.rank(x)
    y = compute(transposed(g, x, to_channels_first(rank)))
    return g.Transpose(y, perm=to_channels_last(rank))


def spatial_sizes(g: GraphBuilder, op: Any, x: ir.Value) -> tuple[int | None, ...]:
    """Return the sizes of an operation's input, without batch and channels."""
    sizes = g.static_shape(x)
    return sizes[1:-1] if _channels_last(op) else sizes[2:]


def _channels_last(op: Any) -> bool:
    return (op.data_format or keras.config.image_data_format()) == "channels_last"


def padding_attributes(
    sizes: Sequence[int | None],
    extents: Sizes,
    strides: Sizes,
    padding: str,
) -> dict[str, Any]:
    """Return the attributes of ONNX for Keras's `padding`.

    With `"same"`, there are `ceil(size / stride)` windows, and an odd padding has its
    extra element at the end. If the padding depends on an unknown size, `auto_pad`
    expresses the same.

    Args:
        sizes: The spatial sizes of the input, None where unknown.
        extents: The sizes of the windows, including dilation.
        strides: The steps from one window to the next.
        padding: `"valid"` or `"same"`.
    """
    if padding == "valid":
        return {}
    pads = [
        _same_pad(size, extent, stride)
        for size, extent, stride in zip(sizes, extents, strides, strict=True)
    ]
    known = [pad for pad in pads if pad is not None]
    if len(known) < len(pads):
        return {"auto_pad": "SAME_UPPER"}
    if not any(known):
        return {}
    return {"pads": [*(pad // 2 for pad in known), *(pad - pad // 2 for pad in known)]}


def same_pads(
    g: GraphBuilder, x: ir.Value, windows: Sizes, strides: Sizes
) -> tuple[ir.Value, ir.Value]:
    """Append the computation of the padding of `"same"` from the sizes at run time.

    Args:
        g: The graph builder.
        x: The tensor to pad, channels first.
        windows: The sizes of the windows.
        strides: The steps from one window to the next.

    Returns:
        The padding before and after each axis.
    """
    starts: list[Any] = [[0, 0]]
    ends: list[Any] = [[0, 0]]
    for axis, (window, stride) in enumerate(
        zip(windows, strides, strict=True), start=2
    ):
        size = g.size(x, axis)
        count = g.Div(g.Add(size, [stride - 1]), [stride])
        covered = g.Add(g.Mul(g.Sub(count, [1]), [stride]), [window])
        pad = g.Max(g.Sub(covered, size), [0])
        starts.append(g.Div(pad, [2]))
        ends.append(g.Sub(pad, starts[-1]))
    return g.Concat(*starts, axis=0), g.Concat(*ends, axis=0)


def _same_pad(size: int | None, extent: int, stride: int) -> int | None:
    """Return the padding of `"same"` for an axis, None if it depends on the size."""
    if stride == 1:
        return extent - 1
    if size is None:
        # One element at the end is right for any size: no window starts in it.
        return extent - 1 if extent <= 2 else None
    windows = -(-size // stride)
    return max((windows - 1) * stride + extent - size, 0)
