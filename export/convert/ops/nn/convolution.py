"""Convolutions: plain, grouped, depthwise, separable and transposed, of any rank.

Keras's kernels have the spatial axes first and the output channels last; ONNX's have
the output channels first, then the input channels of one group.
"""

from __future__ import annotations

import functools
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
    """Map `ops.conv` to Conv, channels first."""
    return in_channels_first(g, op, inputs, lambda x: _convolution(g, op, x, kernel))


@converts("nn.DepthwiseConv")
def depthwise_conv(
    g: GraphBuilder, op: Any, inputs: ir.Value, kernel: ir.Value
) -> ir.Value:
    """Map `ops.depthwise_conv` to Conv with one group per channel."""
    grouped, groups = _as_grouped(g, kernel)
    compute = functools.partial(_convolution, g, op, kernel=grouped, groups=groups)
    return in_channels_first(g, op, inputs, compute)


@converts("nn.SeparableConv")
def separable_conv(
    g: GraphBuilder,
    op: Any,
    inputs: ir.Value,
    depthwise_kernel: ir.Value,
    pointwise_kernel: ir.Value,
) -> ir.Value:
    """Map `ops.separable_conv` to two Convs: depthwise, then pointwise."""
    grouped, groups = _as_grouped(g, depthwise_kernel)

    def compute(x: ir.Value) -> ir.Value:
        depthwise = _convolution(g, op, x, grouped, groups)
        if needs_windows(g, x):
            ones = [1] * (g.rank(x) - 2)
            return convolve_by_windows(
                g, depthwise, pointwise_kernel, strides=ones, dilations=ones
            )
        return g.Conv(depthwise, _onnx_kernel(g, pointwise_kernel))

    return in_channels_first(g, op, inputs, compute)


@converts("nn.ConvTranspose")
def conv_transpose(
    g: GraphBuilder, op: Any, inputs: ir.Value, kernel: ir.Value
) -> ir.Value:
    """Map `ops.conv_transpose` to ConvTranspose, channels first."""
    *window, _, _ = _known_shape(g, kernel)
    strides = per_axis(op.strides, len(window))
    dilations = per_axis(op.dilation_rate, len(window))
    if op.output_padding is None or isinstance(op.output_padding, int):
        output_padding = [op.output_padding] * len(window)
    else:
        output_padding = list(op.output_padding)
    crops = [
        _crop((k - 1) * d + 1, stride, op.padding, extra)
        for k, d, stride, extra in zip(
            window, dilations, strides, output_padding, strict=True
        )
    ]

    def compute(x: ir.Value) -> ir.Value:
        if needs_windows(g, x):
            return transposed_convolve_by_windows(
                g, x, kernel, strides=strides, dilations=dilations, crops=crops
            )
        return g.ConvTranspose(
            x,
            _onnx_kernel(g, kernel),
            kernel_shape=window,
            strides=strides,
            dilations=dilations,
            pads=[start for start, _ in crops] + [max(end, 0) for _, end in crops],
            output_padding=[max(-end, 0) for _, end in crops],
        )

    return in_channels_first(g, op, inputs, compute)


def _convolution(
    g: GraphBuilder, op: Any, x: ir.Value, kernel: ir.Value, groups: int | None = None
) -> ir.Value:
    """Append a Conv of an input with the channels at axis 1.

    The number of groups follows from the channels of the input, unless it is given.
    """
    *window, channels, _ = _known_shape(g, kernel)
    sizes = g.static_shape(x)[2:]
    strides = per_axis(op.strides, len(window))
    dilations = per_axis(op.dilation_rate, len(window))
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    total = g.static_shape(x)[1]
    if groups is None:
        groups = 1 if total is None else total // channels
    attributes = {
        "strides": strides,
        "dilations": dilations,
        "group": groups,
        **padding_attributes(sizes, extents, strides, op.padding),
    }
    if needs_windows(g, x):
        return convolve_by_windows(g, x, kernel, **attributes)
    return g.Conv(x, _onnx_kernel(g, kernel), kernel_shape=window, **attributes)


def _as_grouped(g: GraphBuilder, kernel: ir.Value) -> tuple[ir.Value, int]:
    """Reshape a depthwise kernel to that of a Conv with one channel a group, and count.

    The kernel knows the channels, and so the groups, where the input doesn't.
    """
    *window, channels, multiplier = _known_shape(g, kernel)
    shape = [*window, 1, channels * multiplier]
    return g.Reshape(kernel, shape), channels


def _onnx_kernel(g: GraphBuilder, kernel: ir.Value) -> ir.Value:
    """Move the two channel axes to the front, in reverse order.

    A transposed convolution's kernel has the output channels before the input channels
    in Keras and after them in ONNX, so that the permutation is the same.
    """
    rank = g.rank(kernel)
    return transposed(g, kernel, [rank - 1, rank - 2, *range(rank - 2)])


def _crop(
    extent: int, stride: int, padding: str, output_padding: int | None
) -> tuple[int, int]:
    """Return how much to crop at both ends of an axis; a negative crop appends.

    Uncropped, n elements become (n - 1) * stride + extent. Keras's results have:

    1. `"valid"`: that many, but at least n * stride, or `output_padding` more;
    2. `"same"`: n * stride, or (n - 1) * stride + extent % 2 + `output_padding`.
    """
    if padding == "valid":
        extra = max(stride - extent, 0) if output_padding is None else output_padding
        return 0, -extra
    if output_padding is None:
        cut = extent - stride
    else:
        cut = extent - extent % 2 - output_padding
    start = max(cut // 2, 0)
    return start, cut - start


def _known_shape(g: GraphBuilder, x: ir.Value) -> list[int]:
    return [size for size in g.static_shape(x) if size is not None]
