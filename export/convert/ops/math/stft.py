"""Overlapping frames of signals, and their short-time Fourier transforms."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.fourier import (
    Complex,
    real_inverse,
    real_transform,
)
from keras_acts.export.convert.common.promotion import half_to_float32
from keras_acts.export.convert.common.slices import END
from keras_acts.export.convert.registry import converts

Array = np.ndarray[Any, Any]


@converts("math.ExtractSequences")
def extract_sequences(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Map `ops.extract_sequences` to a Gather; (…, frames, length)."""
    return frames(g, x, int(op.sequence_length), int(op.sequence_stride))


@converts("math.STFT")
def stft(g: GraphBuilder, op: Any, x: ir.Value) -> Complex:
    """Map `ops.stft` to frames and real transforms; (…, frames, frequencies)."""
    return short_time_transform(
        g,
        x,
        window=window_of(op.window, op.sequence_length, op.fft_length),
        stride=op.sequence_stride,
        center=op.center,
    )


@converts("math.ISTFT")
def istft(g: GraphBuilder, op: Any, x: Complex) -> ir.Value:
    """Map `ops.istft` to inverse transforms that are added with overlap; (…, time).

    Each sample is divided by the sum of the squared windows over it. Without a window,
    the frames are added as they are.
    """
    points, stride = int(op.fft_length), int(op.sequence_stride)
    real, imag = (half_to_float32(g, one) for one in x)
    segments = real_inverse(g, (real, imag), points)
    segments = g.with_shape(segments, [*g.static_shape(real)[:-1], points])
    dtype = require_dtype(segments)
    if op.window is None:
        signal = overlap_add(g, segments, stride)
    else:
        window = window_of(op.window, op.sequence_length, points)
        windowed = g.Mul(segments, g.cast(window, dtype))
        windowed = g.with_shape(windowed, g.static_shape(segments))
        signal = overlap_add(g, windowed, stride)
        signal = g.Div(signal, _envelope(g, segments, window, stride))
    rank = g.rank(real) - 1
    start = points // 2 if op.center else 0
    end = -start or END if op.length is None else start + int(op.length)
    return g.Slice(signal, [start], [end], [rank - 1])


def _envelope(
    g: GraphBuilder, segments: ir.Value, window: Array, stride: int
) -> ir.Value:
    """Return the sum of the squared windows at each sample, 1 where there is none."""
    dtype, count = require_dtype(segments), g.static_shape(segments)[-2]
    squares = window**2
    if count is not None:
        total = np.zeros((count - 1) * stride + len(window))
        for i in range(count):
            total[i * stride : i * stride + len(window)] += squares
        return g.cast(np.where(total > 1e-10, total, 1.0), dtype)
    windows = g.Expand(
        g.cast(squares, dtype), g.shape(g.size(segments, -2), len(window))
    )
    windows = g.with_shape(windows, [None, len(window)])
    sums = overlap_add(g, windows, stride)
    return g.Where(g.Greater(sums, 1e-10), sums, 1.0)


def window_of(window: Any, length: int, points: int) -> Array:
    """Return a window of Keras's, centered in the number of points."""
    if window is None:
        return np.ones(points)
    if isinstance(window, str):
        cosine = np.cos(2.0 * np.pi * np.arange(length) / length)
        constant = {"hann": 0.5, "hamming": 0.54}[window]
        values = constant - (1.0 - constant) * cosine
    else:
        values = np.asarray(keras.ops.convert_to_numpy(window), np.float64)
    before = (points - length) // 2
    return np.pad(values, (before, points - length - before))


def short_time_transform(
    g: GraphBuilder, x: ir.Value, *, window: Array, stride: int, center: bool
) -> Complex:
    """Append the transforms of the windowed frames of a signal, its last axis."""
    x = half_to_float32(g, x)
    if center:
        # Pad with the reflected signal at both ends.
        pad, rank, size = len(window) // 2, g.rank(x), g.static_shape(x)[-1]
        sizes = [*batch_shape(x), None if size is None else size + 2 * pad]
        amounts = ([0] * (rank - 1) + [pad]) * 2
        x = g.with_shape(g.Pad(x, amounts, mode="reflect"), sizes)
    return real_transform(g, frames(g, x, len(window), stride), window)


def batch_shape(x: ir.Value) -> list[Any]:
    """Return the shape without the last axis, unknown sizes by name."""
    return list(x.shape or ())[:-1]


def frames(g: GraphBuilder, x: ir.Value, length: int, stride: int) -> ir.Value:
    """Cut the last axis into frames, each a stride after the one before.

    Frames are gathered in pieces as long as the greatest common divisor of length and
    stride.
    """
    rank, size = g.rank(x), g.static_shape(x)[-1]
    batch = batch_shape(x)
    piece = math.gcd(length, stride)
    steps, offsets = stride // piece, np.arange(length // piece)
    if size is None:
        # The division rounds toward zero, so a negative quotient counts as none.
        remaining = g.Sub(g.size(x, -1), [length - stride])
        count = g.Squeeze(g.Div(remaining, [stride]), [0])
        starts = g.Range(np.int64(0), g.Mul(count, steps), np.int64(steps))
        indices: Any = g.Add(g.Unsqueeze(starts, [1]), offsets)
        end: Any = g.Mul(g.Div(g.size(x, -1), [piece]), [piece])
        n = None
    else:
        n = 1 + (size - length) // stride
        indices = np.arange(n)[:, None] * steps + offsets
        end = [size // piece * piece]
    if piece > 1:
        if size is None or size % piece:
            # Shape inference loses the size of a Slice with a computed end.
            x = g.with_shape(g.Slice(x, [0], end, [rank - 1]), [*batch, None])
        x = g.Reshape(x, [*[0] * (rank - 1), -1, piece])
    cut = g.Gather(x, indices, axis=rank - 1)
    if piece > 1:
        cut = g.Reshape(cut, [*[0] * rank, length])
    return g.with_shape(cut, [*batch, n, length])


def overlap_add(g: GraphBuilder, x: ir.Value, stride: int) -> ir.Value:
    """Add frames up, each a stride after the one before: the adjoint of `frames`.

    Frames are cut into pieces of a stride, with the axis of pieces before that of
    frames. With as many zero frames appended, a Reshape shifts each row of pieces by
    one more than the row above.
    """
    rank = g.rank(x)
    *batch, n, length = g.static_shape(x)
    assert length is not None
    rows = -(-length // stride)
    zeros, copied = [0] * (rank - 2), [0] * (rank - 2)
    if rows * stride > length:
        x = g.Pad(x, [0] * (2 * rank - 1) + [rows * stride - length])
    cut = g.Reshape(x, [*copied, 0, rows, stride])
    cut = g.Transpose(cut, perm=[*range(rank - 2), rank - 1, rank - 2, rank])
    padded = g.Pad(cut, [*[0] * (rank + 1), *zeros, 0, rows, 0])
    flat = g.Reshape(padded, [*copied, -1])
    flat = g.Slice(flat, [0], [-rows * stride], [rank - 2])
    shifted = g.Reshape(flat, [*copied, rows, -1])
    total = reduce(g, "ReduceSum", shifted, [rank - 2])
    if rows * stride > length:
        total = g.Slice(total, [0], [length - rows * stride], [rank - 2])
    size = None if n is None else (n - 1) * stride + length
    return g.with_shape(total, [*batch, size])
