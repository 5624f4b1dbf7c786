"""Fourier transforms of whole axes."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.common.fourier import (
    Complex,
    complex_transform,
    real_inverse,
    real_transform,
)
from keras_acts.export.convert.common.promotion import half_to_float32
from keras_acts.export.convert.registry import converts


def _half_to_float32(g: GraphBuilder, x: Complex) -> Complex:
    return half_to_float32(g, x[0]), half_to_float32(g, x[1])


@converts("math.FFT")
def fft(g: GraphBuilder, op: Any, x: Complex) -> Complex:
    """Map `ops.fft` to a transform of the last axis; the shape stays."""
    return complex_transform(g, _half_to_float32(g, x), -1)


@converts("math.FFT2")
def fft2(g: GraphBuilder, op: Any, x: Complex) -> Complex:
    """Map `ops.fft2` to transforms of the last two axes; the shape stays."""
    return complex_transform(g, complex_transform(g, _half_to_float32(g, x), -1), -2)


@converts("math.IFFT2")
def ifft2(g: GraphBuilder, op: Any, x: Complex) -> Complex:
    """Map `ops.ifft2` to inverse transforms of the last two axes; the shape stays."""
    rows = complex_transform(g, _half_to_float32(g, x), -1, inverse=True)
    return complex_transform(g, rows, -2, inverse=True)


@converts("math.RFFT")
def rfft(g: GraphBuilder, op: Any, x: ir.Value) -> Complex:
    """Map `ops.rfft` to a transform of the last axis, from n to n // 2 + 1 elements."""
    x = half_to_float32(g, g.cast(x, g.spec[0].dtype))
    if op.fft_length is not None:
        x = fitted(g, x, int(op.fft_length))
    return real_transform(g, x)


@converts("math.IRFFT")
def irfft(g: GraphBuilder, op: Any, x: Complex) -> ir.Value:
    """Map `ops.irfft` to an inverse transform of the last axis, to `fft_length`."""
    real, imag = _half_to_float32(g, x)
    if op.fft_length is not None:
        points = int(op.fft_length)
        bins = points // 2 + 1
        return real_inverse(g, (fitted(g, real, bins), fitted(g, imag, bins)), points)
    size = g.static_shape(real)[-1]
    return real_inverse(g, (real, imag), None if size is None else 2 * (size - 1))


def fitted(g: GraphBuilder, x: ir.Value, length: int) -> ir.Value:
    """Truncate the last axis to a length, or pad it with zeros."""
    rank, size = g.rank(x), g.static_shape(x)[-1]
    sizes = [*g.static_shape(x)[:-1], length]
    if size == length:
        return x
    if size is None or size > length:
        x = g.Slice(x, [0], [length], [rank - 1])
    if size is None or size < length:
        before = [0] * (2 * rank - 1)
        if size is not None:
            amounts = g.shape(*before, length - size)
        else:
            missing = g.Sub([length], g.Shape(x, start=rank - 1, end=rank))
            amounts = g.Concat(before, missing, axis=0)
        x = g.Pad(x, amounts)
    return g.with_shape(x, sizes)
