"""Convolutions and averages in float64, which onnxruntime's CPU has no kernels for.

The windows of an image are cut out as slices, one for each element of a window, and
stacked along a new last axis; a matrix product or a mean does the rest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.slices import END, reversed_along
from keras_acts.export.convert.common.spatial import (
    same_pads,
    to_channels_first,
    transposed,
)

Sizes = Sequence[int]


def needs_windows(g: GraphBuilder, x: ir.Value) -> bool:
    """Whether the target lacks kernels to convolve or average a value."""
    return x.dtype == ir.DataType.DOUBLE and g.target == "cpu"


def average_pool_by_windows(
    g: GraphBuilder, x: ir.Value, *, kernel_shape: Sizes, strides: Sizes, **padding: Any
) -> ir.Value:
    """Append the equivalent of AveragePool: window means that exclude the padding."""

    def total(one: ir.Value) -> ir.Value:
        padded = _padded(g, one, kernel_shape, strides, **padding)
        return reduce(g, "ReduceSum", _windows(g, padded, kernel_shape, strides), [-1])

    if not padding:
        return reduce(g, "ReduceMean", _windows(g, x, kernel_shape, strides), [-1])
    present = g.Expand(g.constant(np.ones((), np.float64)), g.Shape(x))
    return g.Div(total(x), total(g.with_shape(present, g.static_shape(x))))


def convolve_by_windows(
    g: GraphBuilder,
    x: ir.Value,
    kernel: ir.Value,
    *,
    strides: Sizes,
    dilations: Sizes,
    group: int = 1,
    **padding: Any,
) -> ir.Value:
    """Append the equivalent of Conv, with a kernel in Keras's layout."""
    *window, channels, filters = (size or 0 for size in g.static_shape(kernel))
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    padded = _padded(g, x, extents, strides, **padding)
    windows = _windows(g, padded, window, strides, dilations)
    rank, taps = len(window), math.prod(window)
    rows = [0] * (rank + 1)  # 0 copies a size: batch and spatial axes of the result
    last = g.Transpose(windows, perm=[0, *range(2, rank + 2), 1, rank + 2])
    vectors = g.Reshape(last, [*rows, group, 1, channels * taps])
    by_tap = g.Reshape(kernel, [taps, channels, filters])
    by_channel = g.Transpose(by_tap, perm=[1, 0, 2])
    by_group = g.Reshape(by_channel, [channels * taps, group, filters // group])
    product = g.MatMul(vectors, g.Transpose(by_group, perm=[1, 0, 2]))
    flat = g.Reshape(product, [*rows, filters])
    return g.Transpose(flat, perm=to_channels_first(rank + 2))


def transposed_convolve_by_windows(
    g: GraphBuilder,
    x: ir.Value,
    kernel: ir.Value,
    *,
    strides: Sizes,
    dilations: Sizes,
    crops: Sequence[tuple[int, int]],
) -> ir.Value:
    """Append the equivalent of ConvTranspose, with a kernel in Keras's layout.

    It is the convolution, by the flipped kernel, of the image with zeros inserted.
    """
    *window, _, _ = (size or 0 for size in g.static_shape(kernel))
    rank = len(window)
    starts, ends = [], []
    for k, d, s, (start, end) in zip(window, dilations, strides, crops, strict=True):
        starts.append((k - 1) * d - start)
        ends.append((k - 1) * d - end - (s - 1))
    dilated = g.Pad(_insert_zeros(g, x, strides), [0, 0, *starts, 0, 0, *ends])
    axes = list(range(rank))
    swapped = g.Transpose(reversed_along(g, kernel, axes), perm=[*axes, rank + 1, rank])
    return convolve_by_windows(
        g,
        dilated,
        swapped,
        strides=[1] * rank,
        dilations=dilations,
    )


def _padded(
    g: GraphBuilder,
    x: ir.Value,
    extents: Sizes,
    strides: Sizes,
    *,
    pads: Sizes = (),
    auto_pad: str | None = None,
) -> ir.Value:
    """Append the padding that an operator's attributes describe."""
    if auto_pad is None and not any(pads):
        return x
    if auto_pad is None:
        rank = len(extents)
        amounts = g.shape(0, 0, *pads[:rank], 0, 0, *pads[rank:])
    else:
        amounts = g.Concat(*same_pads(g, x, extents, strides), axis=0)
    return g.Pad(x, amounts)


def _windows(
    g: GraphBuilder,
    x: ir.Value,
    window: Sizes,
    strides: Sizes,
    dilations: Sizes | None = None,
) -> ir.Value:
    """Stack the elements of each window along a new last axis."""
    steps = dilations or [1] * len(window)
    axes = list(range(2, 2 + len(window)))
    pieces = []
    for tap in itertools.product(*map(range, window)):
        starts = [i * step for i, step in zip(tap, steps, strict=True)]
        rests = [
            (size - 1 - i) * step
            for size, i, step in zip(window, tap, steps, strict=True)
        ]
        ends = [-rest if rest else END for rest in rests]
        piece = g.Slice(x, starts, ends, axes, list(strides))
        pieces.append(g.Unsqueeze(piece, [-1]))
    return g.Concat(*pieces, axis=-1)


def _insert_zeros(g: GraphBuilder, x: ir.Value, strides: Sizes) -> ir.Value:
    """Insert zeros after each element of each spatial axis, the last axis first."""
    rank = g.rank(x)
    perm = [0, 1, rank - 1, *range(2, rank - 1)]
    for stride in reversed(strides):
        padded = g.Pad(g.Unsqueeze(x, [-1]), [0] * (2 * rank + 1) + [stride - 1])
        sizes = [*g.static_shape(x)[:-1], None]
        joined = g.Reshape(padded, [*[0] * (rank - 1), -1])
        x = transposed(g, g.with_shape(joined, sizes), perm)
    return x
