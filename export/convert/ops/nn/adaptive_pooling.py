"""Adaptive poolings: over a given number of windows, whatever the size."""

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
    spatial_sizes,
    transposed,
)
from keras_acts.export.convert.ops.nn.pooling import average
from keras_acts.export.convert.registry import converts

Pool = Callable[[GraphBuilder, ir.Value, ir.Value, ir.Value], ir.Value]
"""Pools the last axis of a value over windows from starts to ends."""


@converts("nn.AdaptiveMaxPool")
def adaptive_max_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    sizes = spatial_sizes(g, op, inputs)
    window = _equal_windows(sizes, op.output_size)
    if window is not None:
        pool = functools.partial(g.MaxPool, kernel_shape=window, strides=window)
        return in_channels_first(g, op, inputs, pool)
    return in_channels_first(g, op, inputs, lambda x: _adaptive(g, op, x, _maximum))


@converts("nn.AdaptiveAveragePool")
def adaptive_average_pool(g: GraphBuilder, op: Any, inputs: ir.Value) -> ir.Value:
    sizes = spatial_sizes(g, op, inputs)
    window = _equal_windows(sizes, op.output_size)
    if window is not None:
        pool = functools.partial(average, g, kernel_shape=window, strides=window)
        return in_channels_first(g, op, inputs, pool)
    return in_channels_first(g, op, inputs, lambda x: _adaptive(g, op, x, _average))


def _equal_windows(
    sizes: Sequence[int | None], counts: Sequence[int]
) -> list[int] | None:
    """Return the windows' size where all are alike and do not overlap."""
    pairs = list(zip(sizes, counts, strict=True))
    if any(size is None or size % count for size, count in pairs):
        return None
    return [size // count for size, count in pairs if size is not None]


def _adaptive(g: GraphBuilder, op: Any, x: ir.Value, pool: Pool) -> ir.Value:
    """Pool the last axis and bring the next one to its place, until all had a turn.

    Window i of n over a size L goes from floor(i * L / n) to ceil((i + 1) * L / n).
    """
    rank = g.rank(x)
    turn = [0, 1, rank - 1, *range(2, rank - 1)]
    for count, size in zip(
        reversed(op.output_size), reversed(g.static_shape(x)[2:]), strict=True
    ):
        steps = np.arange(count, dtype=np.int64)
        if size is None:
            length = g.size(x, -1)
            starts = g.Div(g.Mul(length, steps), np.int64(count))
            after = g.Add(g.Mul(length, steps + 1), np.int64(count - 1))
            ends = g.Div(after, np.int64(count))
        else:
            starts = g.constant(steps * size // count)
            ends = g.constant(-(-(steps + 1) * size // count))
        pooled = g.with_shape(
            pool(g, x, starts, ends), [*g.static_shape(x)[:-1], count]
        )
        x = transposed(g, pooled, turn)
    return x


def _maximum(
    g: GraphBuilder, x: ir.Value, starts: ir.Value, ends: ir.Value
) -> ir.Value:
    """Gather the numbers of each window, its last one again where it is short."""
    longest = reduce(g, "ReduceMax", g.Sub(ends, starts), keepdims=False)
    within = g.Range(np.int64(0), longest, np.int64(1))
    every = g.Add(g.Unsqueeze(starts, [1]), within)
    last = g.Unsqueeze(g.Sub(ends, np.int64(1)), [1])
    windows = g.Gather(x, g.Min(every, last), axis=g.rank(x) - 1)
    return reduce(g, "ReduceMax", windows, [g.rank(x)])


def _average(
    g: GraphBuilder, x: ir.Value, starts: ir.Value, ends: ir.Value
) -> ir.Value:
    """Multiply with a matrix that has a column of equal weights for each window."""
    length = g.Squeeze(g.size(x, -1), [0])
    position = g.Unsqueeze(g.Range(np.int64(0), length, np.int64(1)), [1])
    inside = g.And(g.GreaterOrEqual(position, starts), g.Less(position, ends))
    dtype = require_dtype(x)
    weights = g.Div(g.cast(inside, dtype), g.cast(g.Sub(ends, starts), dtype))
    result: ir.Value = g.MatMul(x, weights)
    return result
