"""Sequences cut out of signals, and the Fourier transforms of such."""

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
    return frames(g, x, int(op.sequence_length), int(op.sequence_stride))


@converts("math.STFT")
def stft(g: GraphBuilder, op: Any, x: ir.Value) -> Complex:
    return short_time_transform(
        g,
        x,
        window=window_of(op.window, op.sequence_length, op.fft_length),
        stride=op.sequence_stride,
        center=op.center,
    )


@converts("math.ISTFT")
def istft(g: GraphBuilder, op: Any, x: Complex) -> ir.Value:
    """Add the frames up again, each sample divided by the windows' squares above it.

    Without a window the frames are added as they are.
    """
    points, stride = int(op.fft_length), int(op.sequence_stride)
    real, imag = (half_to_float32(g, one) for one in x)
    pieces = real_inverse(g, (real, imag), points)
    pieces = g.with_shape(pieces, [*g.static_shape(real)[:-1], points])
    dtype = require_dtype(pieces)
    if op.window is None:
        signal = overlapped(g, pieces, stride)
    else:
        window = window_of(op.window, op.sequence_length, points)
        faded = g.Mul(pieces, g.cast(window, dtype))
        faded = g.with_shape(faded, g.static_shape(pieces))
        signal = overlapped(g, faded, stride)
        signal = g.Div(signal, _envelope(g, pieces, window, stride))
    rank = g.rank(real) - 1
    start = points // 2 if op.center else 0
    end = -start or END if op.length is None else start + int(op.length)
    return g.Slice(signal, [start], [end], [rank - 1])


def _envelope(
    g: GraphBuilder, pieces: ir.Value, window: Array, stride: int
) -> ir.Value:
    """Return the sum of the windows' squares over each sample, 1 where none is."""
    dtype, count = require_dtype(pieces), g.static_shape(pieces)[-2]
    squares = window**2
    if count is not None:
        total = np.zeros((count - 1) * stride + len(window))
        for i in range(count):
            total[i * stride : i * stride + len(window)] += squares
        return g.cast(np.where(total > 1e-10, total, 1.0), dtype)
    every = g.Expand(g.cast(squares, dtype), g.shape(g.size(pieces, -2), len(window)))
    every = g.with_shape(every, [None, len(window)])
    sums = overlapped(g, every, stride)
    return g.Where(g.Greater(sums, 1e-10), sums, 1.0)


def window_of(window: Any, length: int, points: int) -> Array:
    """Return a window of Keras's, in the middle of so many points."""
    if window is None:
        return np.ones(points)
    if isinstance(window, str):
        wave = np.cos(2.0 * np.pi * np.arange(length) / length)
        constant = {"hann": 0.5, "hamming": 0.54}[window]
        values = constant - (1.0 - constant) * wave
    else:
        values = np.asarray(keras.ops.convert_to_numpy(window), np.float64)
    before = (points - length) // 2
    return np.pad(values, (before, points - length - before))


def short_time_transform(
    g: GraphBuilder, x: ir.Value, *, window: Array, stride: int, center: bool
) -> Complex:
    """Append the transforms of the windows of a signal, which is its last axis."""
    x = half_to_float32(g, x)
    if center:
        # As much of the signal, mirrored, before its start and behind its end.
        pad, rank, size = len(window) // 2, g.rank(x), g.static_shape(x)[-1]
        sizes = [*outer_sizes(x), None if size is None else size + 2 * pad]
        amounts = ([0] * (rank - 1) + [pad]) * 2
        x = g.with_shape(g.Pad(x, amounts, mode="reflect"), sizes)
    return real_transform(g, frames(g, x, len(window), stride), window)


def outer_sizes(x: ir.Value) -> list[Any]:
    """Return all sizes but the last, unknown ones by their names."""
    return list(x.shape or ())[:-1]


def frames(g: GraphBuilder, x: ir.Value, length: int, stride: int) -> ir.Value:
    """Cut sequences out of the last axis, each a stride behind the one before.

    They are gathered in the largest pieces that all of them begin and end with.
    """
    rank, size = g.rank(x), g.static_shape(x)[-1]
    outer = outer_sizes(x)
    piece = math.gcd(length, stride)
    steps, within = stride // piece, np.arange(length // piece)
    if size is None:
        # The division goes towards zero, so that of less than nothing there is none.
        rest = g.Sub(g.size(x, -1), [length - stride])
        count = g.Squeeze(g.Div(rest, [stride]), [0])
        every = g.Range(np.int64(0), g.Mul(count, steps), np.int64(steps))
        places = g.Add(g.Unsqueeze(every, [1]), within)
        whole = g.Mul(g.Div(g.size(x, -1), [piece]), [piece])
        number = None
    else:
        number = 1 + (size - length) // stride
        places = np.arange(number)[:, None] * steps + within
        whole = [size // piece * piece]
    if piece > 1:
        if size is None or size % piece:
            # Shape inference knows no size of what a computed number cuts.
            x = g.with_shape(g.Slice(x, [0], whole, [rank - 1]), [*outer, None])
        x = g.Reshape(x, [*[0] * (rank - 1), -1, piece])
    cut = g.Gather(x, places, axis=rank - 1)
    if piece > 1:
        cut = g.Reshape(cut, [*[0] * rank, length])
    return g.with_shape(cut, [*outer, number, length])


def overlapped(g: GraphBuilder, x: ir.Value, stride: int) -> ir.Value:
    """Add sequences up, each a stride behind the one before: undo `frames`.

    Cut into pieces of a stride, with an axis for the number of the piece before that
    of the sequence. As many sequences of zeros behind them let a mere change of shape
    move each row of pieces by one more than the row above.
    """
    rank = g.rank(x)
    *outer, number, length = g.static_shape(x)
    assert length is not None
    rows = -(-length // stride)
    before, kept = [0] * (rank - 2), [0] * (rank - 2)
    if rows * stride > length:
        x = g.Pad(x, [0] * (2 * rank - 1) + [rows * stride - length])
    cut = g.Reshape(x, [*kept, 0, rows, stride])
    cut = g.Transpose(cut, perm=[*range(rank - 2), rank - 1, rank - 2, rank])
    spread = g.Pad(cut, [*[0] * (rank + 1), *before, 0, rows, 0])
    flat = g.Reshape(spread, [*kept, -1])
    flat = g.Slice(flat, [0], [-rows * stride], [rank - 2])
    moved = g.Reshape(flat, [*kept, rows, -1])
    total = reduce(g, "ReduceSum", moved, [rank - 2])
    if rows * stride > length:
        total = g.Slice(total, [0], [length - rows * stride], [rank - 2])
    size = None if number is None else (number - 1) * stride + length
    return g.with_shape(total, [*outer, size])
