"""The discrete Fourier transform along the last axis, as a matrix product or as DFT.

On onnxruntime, a product with the matrix of sines and cosines is faster up to about a
thousand points, and accurate to one or two ulps. ONNX's DFT is fast and as accurate for
powers of two; for other lengths it uses longer transforms, at the cost of most of the
speed and of two to five digits. Those lengths are factored instead (Cooley-Tukey): a
transform of a * b points is a transforms of b points and b of a. Primes and unknown
lengths use DFT in float64, which takes no longer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype

Array = np.ndarray[Any, Any]
Complex = tuple[ir.Value, ir.Value]
"""The real and the imaginary part of a complex tensor."""

LARGEST_MATRIX = 1024
"""The largest power of two whose transform is a matrix product."""

LARGEST_ODD_MATRIX = 2048
"""The same for other lengths, for which DFT is slower and less accurate."""


def waves(points: int, bins: int) -> tuple[Array, Array]:
    """Return cosines and sines: a row for each point, a column for each frequency."""
    steps = np.outer(np.arange(points), np.arange(bins)) % points
    angles = steps * (2.0 * np.pi / points)
    return np.cos(angles), np.sin(angles)


def is_product(points: int | None) -> bool:
    """Whether the transform of this many points is a matrix product."""
    if points is None:
        return False
    limit = LARGEST_MATRIX if _is_power_of_two(points) else LARGEST_ODD_MATRIX
    return points <= limit


def _is_power_of_two(points: int | None) -> bool:
    return points is not None and points & (points - 1) == 0


def real_transform(
    g: GraphBuilder, x: ir.Value, window: Array | None = None
) -> Complex:
    """Append the transform of real numbers: the first n // 2 + 1 of its n frequencies.

    Args:
        g: The graph builder.
        x: Floats of at least single precision.
        window: Factors to multiply the points by, or None.
    """
    points = g.static_shape(x)[-1]
    if points is None or not is_product(points):
        if window is not None:
            x = g.Mul(x, g.cast(window, require_dtype(x)))
        if points is not None and _factors(points) is not None:
            return _first_half(g, x, points)
        return split_complex(g, dft(g, g.Unsqueeze(x, [-1]), g.rank(x), onesided=1))
    bins = points // 2 + 1
    cosines, sines = waves(points, bins)
    matrix = np.concatenate([cosines, -sines], axis=1)
    if window is not None:
        matrix *= window[:, None]
    both = g.MatMul(x, g.cast(matrix, require_dtype(x)))
    rank = g.rank(x)
    return tuple(  # type: ignore[return-value]
        g.Slice(both, [start], [start + bins], [rank - 1]) for start in (0, bins)
    )


def real_inverse(g: GraphBuilder, x: Complex, points: int | None) -> ir.Value:
    """Append the inverse of `real_transform`; an unknown number of points must be even.

    The imaginary parts of the first frequency and, for even lengths, of the last are
    ignored.
    """
    real, imag = x
    rank, bins = g.rank(real), g.static_shape(real)[-1]
    if points is None or not is_product(points) or bins is None:
        return _mirrored_inverse(g, x, points)
    cosines, sines = (wave.T for wave in waves(points, bins))
    weights = np.full((bins, 1), 2.0 / points)
    weights[0] /= 2.0
    if points % 2 == 0:
        weights[-1] /= 2.0
    matrix = np.concatenate([cosines * weights, -sines * weights])
    both = g.Concat(real, imag, axis=rank - 1)
    return g.MatMul(both, g.cast(matrix, require_dtype(real)))


def _mirrored_inverse(g: GraphBuilder, x: Complex, points: int | None) -> ir.Value:
    """Append the missing frequencies by symmetry, and the complex inverse."""
    rank = g.rank(x[0])
    first = -1 if points is not None and points % 2 else -2
    mirrored = [g.Slice(one, [first], [0], [rank - 1], [-1]) for one in x]
    mirrored[1] = g.Neg(mirrored[1])
    real, imag = (
        g.Concat(one, rest, axis=rank - 1)
        for one, rest in zip(x, mirrored, strict=True)
    )
    return complex_transform(g, (real, imag), -1, inverse=True)[0]


def complex_transform(
    g: GraphBuilder, x: Complex, axis: int, *, inverse: bool = False
) -> Complex:
    """Append the transform along the last axis, or along the one before it."""
    real, imag = x
    rank = g.rank(real)
    points = g.static_shape(real)[axis]
    axis %= rank
    # The matrix has twice as many rows and columns as points.
    if points is None or not is_product(2 * points):
        factors = None if points is None else _factors(points)
        if factors is not None:
            return _cooley_tukey(g, x, axis, factors, inverse=inverse)
        stacked = g.Concat(*(g.Unsqueeze(one, [-1]) for one in x), axis=rank)
        last = _swap_axes(g, stacked, rank, axis)
        transformed = dft(g, last, rank, inverse=int(inverse))
        return split_complex(
            g, _swap_axes(g, transformed, rank, axis), g.static_shape(real)
        )
    cosines, sines = waves(points, points)
    sines = -sines if inverse else sines
    waves_of_both = np.block([[cosines, -sines], [sines, cosines]])
    scale = 1.0 / points if inverse else 1.0
    matrix = g.cast(waves_of_both * scale, require_dtype(real))
    both = g.Concat(real, imag, axis=axis)
    if axis == rank - 1:
        both = g.MatMul(both, matrix)
    else:
        both = g.MatMul(g.Transpose(matrix, perm=[1, 0]), both)
    halves = ((0, points), (points, 2 * points))
    return tuple(  # type: ignore[return-value]
        g.Slice(both, [a], [b], [axis]) for a, b in halves
    )


def _factors(points: int) -> tuple[int, int] | None:
    """Return two factors of similar size; None for primes and powers of two."""
    if points & (points - 1) == 0:
        return None
    first = next(n for n in range(math.isqrt(points), 0, -1) if points % n == 0)
    return None if first == 1 else (first, points // first)


def _first_half(g: GraphBuilder, x: ir.Value, points: int) -> Complex:
    """Transform real numbers as complex ones, and keep the first half."""
    dtype = require_dtype(x)
    zeros = g.Expand(np.zeros((), dtype.numpy()), g.Shape(x))
    zeros = g.with_shape(zeros, g.static_shape(x))
    bins, rank = points // 2 + 1, g.rank(x)
    return tuple(  # type: ignore[return-value]
        g.Slice(one, [0], [bins], [rank - 1])
        for one in complex_transform(g, (x, zeros), -1)
    )


def _cooley_tukey(
    g: GraphBuilder,
    x: Complex,
    axis: int,
    factors: tuple[int, int],
    *,
    inverse: bool,
) -> Complex:
    """Transform columns, multiply by the twiddle factors, and transform rows."""
    rank = g.rank(x[0])
    first, second = factors
    points = first * second
    last = [_swap_with_last(g, one, axis) for one in x]
    square = [g.Reshape(one, [*[0] * (rank - 1), first, second]) for one in last]
    real, imag = complex_transform(g, (square[0], square[1]), -2, inverse=inverse)
    angles = np.outer(np.arange(first), np.arange(second)) * (2.0 * np.pi / points)
    dtype = require_dtype(real)
    cosines = g.cast(np.cos(angles), dtype)
    sines = g.cast(np.sin(angles if inverse else -angles), dtype)
    twiddled = (
        g.Sub(g.Mul(real, cosines), g.Mul(imag, sines)),
        g.Add(g.Mul(real, sines), g.Mul(imag, cosines)),
    )
    transformed = complex_transform(g, twiddled, -1, inverse=inverse)
    flat = []
    for one in transformed:
        columns = g.Transpose(one, perm=[*range(rank - 1), rank, rank - 1])
        row = g.Reshape(columns, [*[0] * (rank - 1), points])
        flat.append(_swap_with_last(g, row, axis))
    return flat[0], flat[1]


def _swap_with_last(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    """Swap an axis with the last."""
    return x if axis == g.rank(x) - 1 else _swap_axes(g, x, g.rank(x), axis, last=0)


def _swap_axes(
    g: GraphBuilder, x: ir.Value, rank: int, axis: int, last: int = 1
) -> ir.Value:
    """Swap an axis with the last, or with the one before the complex axis."""
    if axis == rank - 1:
        return x
    order = list(range(rank + last))
    order[axis], order[rank - 1] = rank - 1, axis
    return g.Transpose(x, perm=order)


def dft(g: GraphBuilder, x: ir.Value, rank: int, **attributes: Any) -> ir.Value:
    """Append a DFT along the axis before the complex axis, the last."""
    axis, dtype = rank - 1, require_dtype(x)
    wide = dtype == ir.DataType.FLOAT and not _is_power_of_two(g.static_shape(x)[axis])
    if wide:
        x = g.cast(x, ir.DataType.DOUBLE)
    if g.opset < 20:
        transform = g.DFT(x, axis=axis, **attributes)
    else:
        transform = g.DFT(x, None, g.cast(axis, "int64"), **attributes)
    transform = g.cast(transform, dtype) if wide else transform
    return g.with_shape(transform, [None] * (rank + 1))


def split_complex(
    g: GraphBuilder, x: ir.Value, shape: tuple[int | None, ...] | None = None
) -> Complex:
    """Return the real and imaginary part, indices 0 and 1 of the last axis."""
    axis = g.rank(x) - 1
    sizes = shape or g.static_shape(x)[:-1]
    return tuple(  # type: ignore[return-value]
        g.with_shape(g.Gather(x, g.cast(i, "int64"), axis=axis), sizes) for i in (0, 1)
    )
