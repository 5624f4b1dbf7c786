"""Filters of images: blurs, edges and structural similarity."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce, split
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.common.windows import (
    convolve_by_windows,
    needs_windows,
)
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

Array = np.ndarray[Any, Any]

# The derivatives along rows and along columns.
_SOBEL_ROWS = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
_SOBEL_COLUMNS = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


@converts("image.GaussianBlur")
def gaussian_blur(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.gaussian_blur` to Conv, channel by channel; the shape stays.

    The kernel's sizes and deviations are taken in JAX's order: for kernels that are not
    square, the other backends permute the weights.
    """
    if not require_dtype(images).is_floating_point():
        raise UnsupportedOperationError(
            "A Gaussian blur needs float images: Keras rounds the weights to the "
            f"images' dtype. Received: {images.dtype}"
        )
    by_column, by_row = (
        _gaussian(int(size), float(sigma))
        for size, sigma in zip(op.kernel_size, op.sigma, strict=True)
    )
    kernel = np.outer(by_row, by_column)
    pads_before = [(size - 1) // 2 for size in kernel.shape]
    pads_after = [size // 2 for size in kernel.shape]
    planes, order = _planes(g, op, images)
    y = _filtered(g, planes, kernel[:, :, None, None], [*pads_before, *pads_after])
    sizes = [g.size(images, axis) for axis in order]
    y = g.Reshape(y, g.shape(*sizes))
    return transposed(g, y, [order.index(axis) for axis in range(len(order))])


@converts("image.SobelEdges")
def sobel_edges(g: GraphBuilder, op: Any, images: ir.Value) -> ir.Value:
    """Map `image.sobel_edges` to Conv with zero padding; a last axis of 2 is added."""
    kernel = np.stack([_SOBEL_ROWS, _SOBEL_COLUMNS], -1)[:, :, None, :]
    planes, order = _planes(g, op, images)
    y = _filtered(g, planes, kernel, [1, 1, 1, 1])
    batch, channels, height, width = (g.size(images, axis) for axis in order)
    y = g.Reshape(y, g.shape(batch, channels, 2, height, width))
    last = op.data_format == "channels_last"
    return g.Transpose(y, perm=[0, 3, 4, 1, 2] if last else [0, 1, 3, 4, 2])


@converts("image.SSIM")
def ssim(g: GraphBuilder, op: Any, image1: ir.Value, image2: ir.Value) -> ir.Value:
    """Map `image.ssim` to one Conv for its five averages; one number per image."""
    first, second = (_planes(g, op, image)[0] for image in (image1, image2))
    squares = [g.Mul(x, y) for x, y in ((first, first), (second, second))]
    images = g.Concat(first, second, *squares, g.Mul(first, second), axis=0)
    window = _gaussian(int(op.filter_size), float(op.filter_sigma))
    kernel = np.outer(window, window)[:, :, None, None]
    averages = _filtered(g, images, kernel, [])
    averages = g.with_shape(averages, [None] * 4)
    one, two, square1, square2, product = split(g, averages, 5, 0)
    products = [g.Mul(x, y) for x, y in ((one, one), (two, two), (one, two))]
    variances = g.Add(g.Sub(square1, products[0]), g.Sub(square2, products[1]))
    c1, c2 = ((k * op.max_val) ** 2 for k in (op.k1, op.k2))
    covariance = g.Sub(product, products[2])
    numerator = g.Mul(
        g.Add(g.Mul(products[2], 2.0), c1), g.Add(g.Mul(covariance, 2.0), c2)
    )
    denominator = g.Mul(
        g.Add(g.Add(products[0], products[1]), c1), g.Add(variances, c2)
    )
    ratio = g.Div(numerator, denominator)
    if g.rank(image1) == 3:
        return reduce(g, "ReduceMean", ratio)
    by_image = g.Reshape(ratio, g.shape(g.size(image1, 0), -1))
    return reduce(g, "ReduceMean", by_image, [1])


def _gaussian(size: int, sigma: float) -> Array:
    offsets = np.arange(size) - (size - 1) / 2
    weights: Array = np.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def _planes(g: GraphBuilder, op: Any, images: ir.Value) -> tuple[ir.Value, list[int]]:
    """Return each channel as an image of its own, and the permutation used."""
    floats = require_dtype(images).is_floating_point()
    x = images if floats else g.cast(images, ir.DataType.FLOAT)
    order = list(range(g.rank(x)))
    if op.data_format == "channels_last":
        order.insert(-2, order.pop())
    sizes = [g.size(x, axis) for axis in order[-2:]]
    known = [g.static_shape(x)[axis] for axis in order[-2:]]
    planes = g.Reshape(transposed(g, x, order), g.shape(-1, 1, *sizes))
    return g.with_shape(planes, [None, 1, *known]), order


def _filtered(
    g: GraphBuilder, planes: ir.Value, kernel: Array, pads: list[int]
) -> ir.Value:
    """Convolve images of one channel with a kernel in Keras's layout."""
    dtype = require_dtype(planes)
    padding: dict[str, Any] = {"pads": pads} if any(pads) else {}
    if needs_windows(g, planes):
        ones = [1, 1]
        weights = g.cast(kernel, dtype)
        return convolve_by_windows(
            g, planes, weights, strides=ones, dilations=ones, **padding
        )
    weights = g.cast(kernel.transpose(3, 2, 0, 1), dtype)
    return g.Conv(planes, weights, **padding)
