"""Adaptive pooling: a given number of windows, whatever the size."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.spatial import (
    in_channels_first,
    per_axis,
    spatial_sizes,
    transposed,
)
from keras_acts.export.convert.ops.nn.pooling import average
from keras_acts.export.convert.registry import converts

Pool = Callable[[GraphBuilder, ir.Value, ir.Value, ir.Value], ir.Value]
"""A pooling of the last axis over windows, given their starts and ends."""


@converts("nn.AdaptiveMaxPool")
def adaptive_max_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    """Map `ops.adaptive_max_pool` to MaxPool, or to a Gather per axis."""
    sizes = spatial_sizes(g, op, inputs)
    window = _equal_windows(sizes, _counts(op, inputs))
    if window is not None:
        pool = functools.partial(g.MaxPool, kernel_shape=window, strides=window)
        return in_channels_first(g, op, inputs, pool)
    return in_channels_first(g, op, inputs, lambda x: _adaptive(g, op, x, _maximum))


@converts("nn.AdaptiveAveragePool")
def adaptive_average_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    """Map `ops.adaptive_average_pool` to AveragePool, or to a MatMul per axis."""
    sizes = spatial_sizes(g, op, inputs)
    window = _equal_windows(sizes, _counts(op, inputs))
    if window is not None:
        pool = functools.partial(average, g, kernel_shape=window, strides=window)
        return in_channels_first(g, op, inputs, pool)
    return in_channels_first(g, op, inputs, lambda x: _adaptive(g, op, x, _average))


def _counts(op: Any, x: ir.Value) -> list[int]:
    """Return the number of windows on each spatial axis."""
    return per_axis(op.output_size, len(x.shape or ()) - 2)


def _equal_windows(
    sizes: Sequence[int | None], counts: Sequence[int]
) -> list[int] | None:
    """Return the window size if all windows are equal and don't overlap, else None."""
    pairs = list(zip(sizes, counts, strict=True))
    if any(size is None or size % count for size, count in pairs):
        return None
    return [size // count for size, count in pairs if size is not None]


def _adaptive(g: GraphBuilder, op: Any, x: ir.Value, pool: Pool) -> ir.Value:
    """Pool the last axis and rotate the spatial axes, until all are pooled.

    Window i of n over a size L goes from floor(i * L / n) to ceil((i + 1) * L / n).
    """
    rank = g.rank(x)
    perm = [0, 1, rank - 1, *range(2, rank - 1)]
    for count, size in zip(
        reversed(_counts(op, x)), reversed(g.static_shape(x)[2:]), strict=True
    ):
        indices = np.arange(count, dtype=np.int64)
        if size is None:
            length = g.size(x, -1)
            starts = g.Div(g.Mul(length, indices), np.int64(count))
            rounded_up = g.Add(g.Mul(length, indices + 1), np.int64(count - 1))
            ends = g.Div(rounded_up, np.int64(count))
        else:
            starts = g.constant(indices * size // count)
            ends = g.constant(-(-(indices + 1) * size // count))
        pooled = g.with_shape(
            pool(g, x, starts, ends), [*g.static_shape(x)[:-1], count]
        )
        x = transposed(g, pooled, perm)
    return x


def _maximum(
    g: GraphBuilder, x: ir.Value, starts: ir.Value, ends: ir.Value
) -> ir.Value:
    """Append the maximum of each window; short windows repeat their last element."""
    longest = reduce(g, "ReduceMax", g.Sub(ends, starts), keepdims=False)
    offsets = g.Range(np.int64(0), longest, np.int64(1))
    indices = g.Add(g.Unsqueeze(starts, [1]), offsets)
    last = g.Unsqueeze(g.Sub(ends, np.int64(1)), [1])
    windows = g.Gather(x, g.Min(indices, last), axis=g.rank(x) - 1)
    return reduce(g, "ReduceMax", windows, [g.rank(x)])


def _average(
    g: GraphBuilder, x: ir.Value, starts: ir.Value, ends: ir.Value
) -> ir.Value:
    """Multiply by a matrix with a column of equal weights for each window."""
    length = g.Squeeze(g.size(x, -1), [0])
    position = g.Unsqueeze(g.Range(np.int64(0), length, np.int64(1)), [1])
    inside = g.And(g.GreaterOrEqual(position, starts), g.Less(position, ends))
    dtype = require_dtype(x)
    weights = g.Div(g.cast(inside, dtype), g.cast(g.Sub(ends, starts), dtype))
    return g.MatMul(x, weights)
