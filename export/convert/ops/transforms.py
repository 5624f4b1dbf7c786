"""The discrete Fourier transform along the last axis, as a product or as ONNX's DFT.

A product with the matrix of sines and cosines is the faster up to about a thousand
points on onnxruntime, and exact to an epsilon or two. Its DFT is fast and as exact for
powers of two; for other lengths it goes through longer transforms, which costs two or
three digits and most of the speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype

Array = np.ndarray[Any, Any]
Complex = tuple[ir.Value, ir.Value]
"""The real and the imaginary part of a tensor."""

LARGEST_MATRIX = 1024
"""The most points whose transform is a product, where they are a power of two."""

LARGEST_ODD_MATRIX = 2048
"""The same for other numbers of points, for which the operator is no match."""


def waves(points: int, bins: int) -> tuple[Array, Array]:
    """Return cosines and sines: a row for each point, a column for each frequency."""
    turns = np.outer(np.arange(points), np.arange(bins)) % points
    angles = turns * (2.0 * np.pi / points)
    return np.cos(angles), np.sin(angles)


def is_product(points: int | None) -> bool:
    """Whether the transform of so many points is a product with a matrix."""
    if points is None:
        return False
    power_of_two = points & (points - 1) == 0
    return points <= (LARGEST_MATRIX if power_of_two else LARGEST_ODD_MATRIX)


def real_transform(
    g: GraphBuilder, x: ir.Value, window: Array | None = None
) -> Complex:
    """Append the transform of real numbers: of its n frequencies the first n//2 + 1.

    Args:
        g: The graph builder.
        x: Floats of at least single precision.
        window: What each point is multiplied by before.
    """
    points = g.static_shape(x)[-1]
    if points is None or not is_product(points):
        if window is not None:
            faded = g.Mul(x, g.cast(window, require_dtype(x)))
            x = g.with_shape(faded, g.static_shape(x))
        return parts(g, dft(g, g.Unsqueeze(x, [-1]), g.rank(x), onesided=1))
    bins = points // 2 + 1
    cosines, sines = waves(points, bins)
    matrix = np.concatenate([cosines, -sines], axis=1)
    if window is not None:
        matrix *= window[:, None]
    both = g.MatMul(x, g.cast(matrix, require_dtype(x)))
    rank = g.rank(x)
    return tuple(  # type: ignore[return-value]
        g.with_shape(
            g.Slice(both, [start], [start + bins], [rank - 1]),
            [*g.static_shape(x)[:-1], bins],
        )
        for start in (0, bins)
    )


def real_inverse(g: GraphBuilder, x: Complex, points: int | None) -> ir.Value:
    """Append what `real_transform` came of; points unknown are an even number.

    The imaginary parts of the first frequency and, of even lengths, the last count for
    nothing.
    """
    real, imag = x
    rank, bins = g.rank(real), g.static_shape(real)[-1]
    if points is None or not is_product(points) or bins is None:
        return _real_inverse_operator(g, x, points)
    cosines, sines = (wave.T for wave in waves(points, bins))
    weights = np.full((bins, 1), 2.0 / points)
    weights[0] /= 2.0
    if points % 2 == 0:
        weights[-1] /= 2.0
    matrix = np.concatenate([cosines * weights, -sines * weights])
    both = g.Concat(real, imag, axis=rank - 1)
    return g.MatMul(both, g.cast(matrix, require_dtype(real)))  # type: ignore[no-any-return]


def _real_inverse_operator(g: GraphBuilder, x: Complex, points: int | None) -> ir.Value:
    """Mirror the frequencies and transform them all: the operator needs them all."""
    rank = g.rank(x[0])
    first = -1 if points is not None and points % 2 else -2
    mirrored = [g.Slice(one, [first], [0], [rank - 1], [-1]) for one in x]
    mirrored[1] = g.Neg(mirrored[1])
    whole = [
        g.Unsqueeze(g.Concat(one, rest, axis=rank - 1), [-1])
        for one, rest in zip(x, mirrored, strict=True)
    ]
    made = dft(g, g.Concat(*whole, axis=rank), rank, inverse=1)
    return parts(g, made)[0]


def complex_transform(
    g: GraphBuilder, x: Complex, axis: int, *, inverse: bool = False
) -> Complex:
    """Append the transform along the last axis, or along the one before it."""
    real, imag = x
    rank = g.rank(real)
    points = g.static_shape(real)[axis]
    axis %= rank
    # The matrix has twice the points along both sides.
    if points is None or not is_product(2 * points):
        stacked = g.Concat(*(g.Unsqueeze(one, [-1]) for one in x), axis=rank)
        turned = _turned(g, stacked, rank, axis)
        made = dft(g, turned, rank, inverse=int(inverse))
        return parts(g, _turned(g, made, rank, axis), g.static_shape(real))
    cosines, sines = waves(points, points)
    sines = -sines if inverse else sines
    matrix = np.block([[cosines, -sines], [sines, cosines]])
    matrix = g.cast(matrix / points if inverse else matrix, require_dtype(real))
    both = g.Concat(real, imag, axis=axis)
    if axis == rank - 1:
        both = g.MatMul(both, matrix)
    else:
        both = g.MatMul(g.Transpose(matrix, perm=[1, 0]), both)
    halves = ((0, points), (points, 2 * points))
    return tuple(  # type: ignore[return-value]
        g.with_shape(g.Slice(both, [a], [b], [axis]), g.static_shape(real))
        for a, b in halves
    )


def _turned(g: GraphBuilder, x: ir.Value, rank: int, axis: int) -> ir.Value:
    """Exchange an axis with the last but that of the parts."""
    if axis == rank - 1:
        return x
    order = list(range(rank + 1))
    order[axis], order[rank - 1] = rank - 1, axis
    turned: ir.Value = g.Transpose(x, perm=order)
    return turned


def dft(g: GraphBuilder, x: ir.Value, rank: int, **attributes: int) -> ir.Value:
    """Append the operator along the last axis but that of the parts."""
    axis = rank - 1
    if g.opset < 20:
        made: ir.Value = g.DFT(x, axis=axis, **attributes)
    else:
        made = g.DFT(x, None, g.cast(axis, "int64"), **attributes)
    return g.with_shape(made, [None] * (rank + 1))


def parts(
    g: GraphBuilder, x: ir.Value, shape: tuple[int | None, ...] | None = None
) -> Complex:
    """Take the parts of a tensor that has them along its last axis."""
    axis = g.rank(x) - 1
    sizes = shape or g.static_shape(x)[:-1]
    return tuple(  # type: ignore[return-value]
        g.with_shape(g.Gather(x, g.cast(i, "int64"), axis=axis), sizes) for i in (0, 1)
    )
