"""Convolutions: plain, grouped, depthwise, separable, transposed, of any rank.

Keras's kernels have their spatial axes first and the output channels last, ONNX's have
the output channels first, then the input channels of one group.
"""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.spatial import (
    in_channels_first,
    padding_attributes,
    per_axis,
    transposed,
)
from keras_acts.export.convert.common.windows import (
    convolve_by_windows,
    needs_windows,
    transposed_convolve_by_windows,
)
from keras_acts.export.convert.registry import converts


@converts("nn.Conv")
def conv(g: GraphBuilder, op: Any, inputs: ir.Value, kernel: ir.Value) -> ir.Value:
    return in_channels_first(g, op, inputs, lambda x: _convolution(g, op, x, kernel))


@converts("nn.DepthwiseConv")
def depthwise_conv(
    g: GraphBuilder, op: Any, inputs: ir.Value, kernel: ir.Value
) -> ir.Value:
    grouped = _one_group_each(g, kernel)
    return in_channels_first(g, op, inputs, lambda x: _convolution(g, op, x, grouped))


@converts("nn.SeparableConv")
def separable_conv(
    g: GraphBuilder,
    op: Any,
    inputs: ir.Value,
    depthwise_kernel: ir.Value,
    pointwise_kernel: ir.Value,
) -> ir.Value:
    grouped = _one_group_each(g, depthwise_kernel)

    def compute(x: ir.Value) -> ir.Value:
        depthwise = _convolution(g, op, x, grouped)
        if needs_windows(g, x):
            ones = [1] * (g.rank(x) - 2)
            return convolve_by_windows(
                g, depthwise, pointwise_kernel, strides=ones, dilations=ones
            )
        pointwise: ir.Value = g.Conv(depthwise, _onnx_kernel(g, pointwise_kernel))
        return pointwise

    return in_channels_first(g, op, inputs, compute)


@converts("nn.ConvTranspose")
def conv_transpose(
    g: GraphBuilder, op: Any, inputs: ir.Value, kernel: ir.Value
) -> ir.Value:
    *window, _, _ = _known_shape(g, kernel)
    strides = per_axis(op.strides, len(window))
    dilations = per_axis(op.dilation_rate, len(window))
    if op.output_padding is None or isinstance(op.output_padding, int):
        more = [op.output_padding] * len(window)
    else:
        more = list(op.output_padding)
    crops = [
        _crop((k - 1) * d + 1, stride, op.padding, one)
        for k, d, stride, one in zip(window, dilations, strides, more, strict=True)
    ]

    def compute(x: ir.Value) -> ir.Value:
        if needs_windows(g, x):
            return transposed_convolve_by_windows(
                g, x, kernel, strides=strides, dilations=dilations, crops=crops
            )
        result: ir.Value = g.ConvTranspose(
            x,
            _onnx_kernel(g, kernel),
            kernel_shape=window,
            strides=strides,
            dilations=dilations,
            pads=[start for start, _ in crops] + [max(end, 0) for _, end in crops],
            output_padding=[max(-end, 0) for _, end in crops],
        )
        return result

    return in_channels_first(g, op, inputs, compute)


def _convolution(g: GraphBuilder, op: Any, x: ir.Value, kernel: ir.Value) -> ir.Value:
    """Append a convolution of an input whose channels are behind the batch."""
    *window, channels, _ = _known_shape(g, kernel)
    sizes = g.static_shape(x)[2:]
    strides = per_axis(op.strides, len(window))
    dilations = per_axis(op.dilation_rate, len(window))
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    total = g.static_shape(x)[1]
    attributes = {
        "strides": strides,
        "dilations": dilations,
        "group": 1 if total is None else total // channels,
        **padding_attributes(sizes, extents, strides, op.padding),
    }
    if needs_windows(g, x):
        return convolve_by_windows(g, x, kernel, **attributes)
    result: ir.Value = g.Conv(
        x, _onnx_kernel(g, kernel), kernel_shape=window, **attributes
    )
    return result


def _one_group_each(g: GraphBuilder, kernel: ir.Value) -> ir.Value:
    """Turn a depthwise kernel into that of a convolution of one channel a group."""
    *window, channels, multiplier = _known_shape(g, kernel)
    shape = [*window, 1, channels * multiplier]
    return g.with_shape(g.Reshape(kernel, shape), shape)


def _onnx_kernel(g: GraphBuilder, kernel: ir.Value) -> ir.Value:
    """Reverse the two axes of channels and put them first.

    A transposed convolution's kernel has the outputs before the inputs in Keras and
    behind them in ONNX, so that the permutation is the same.
    """
    rank = g.rank(kernel)
    return transposed(g, kernel, [rank - 1, rank - 2, *range(rank - 2)])


def _crop(
    extent: int, stride: int, padding: str, output_padding: int | None
) -> tuple[int, int]:
    """Return what to cut off both ends of an axis; below 0 is what to append there.

    Uncut, n numbers become (n - 1) * stride + extent. Keras makes of them:

    1. `"valid"`: that, at least n * stride, or more by `output_padding`;
    2. `"same"`: n * stride, or (n - 1) * stride + extent % 2 + `output_padding`.
    """
    if padding == "valid":
        more = max(stride - extent, 0) if output_padding is None else output_padding
        return 0, -more
    if output_padding is None:
        cut = extent - stride
    else:
        cut = extent - extent % 2 - output_padding
    start = max(cut // 2, 0)
    return start, cut - start


def _known_shape(g: GraphBuilder, x: ir.Value) -> list[int]:
    return [size for size in g.static_shape(x) if size is not None]
