"""Resampling as products with matrices of weights, one matrix per axis.

This covers what ONNX's Resize can't do: Lanczos kernels, area averages, float64, and
any scale and translation. If the sizes are known the weights are constants; otherwise
the same formulas compute them when the model runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.common.spatial import transposed

Array = np.ndarray[Any, Any]
Number = Any
"""A value in the graph, or an array or number if everything is known at export."""


class NumpyOperators:
    """NumPy's versions of the operators used for sizes and weights that are known.

    Names and semantics are those of the graph builder, so that one formula is either
    computed at export or appended to the graph.
    """

    Abs = staticmethod(np.abs)
    Add = staticmethod(np.add)
    And = staticmethod(np.logical_and)
    Greater = staticmethod(np.greater)
    GreaterOrEqual = staticmethod(np.greater_equal)
    LessOrEqual = staticmethod(np.less_equal)
    Max = staticmethod(np.maximum)
    Min = staticmethod(np.minimum)
    Mul = staticmethod(np.multiply)
    Sin = staticmethod(np.sin)
    Sub = staticmethod(np.subtract)
    Where = staticmethod(np.where)

    @staticmethod
    def Div(x: Number, y: Number) -> Number:
        """Divide; integers are rounded down."""
        integers = np.asarray(x).dtype.kind == "i"
        return np.floor_divide(x, y) if integers else np.divide(x, y)


def operators_for(g: GraphBuilder, *numbers: Number) -> Any:
    """Return the graph builder if any number is in the graph, else `NumpyOperators`."""
    known = not any(isinstance(number, ir.Value) for number in numbers)
    return NumpyOperators if known else g


def _linear(n: Any, x: Number) -> Number:
    """Return the triangle kernel, 1 - x up to 1."""
    return n.Max(n.Sub(np.float64(1.0), x), np.float64(0.0))


def _cubic(n: Any, x: Number) -> Number:
    """Return Keys's cubic convolution kernel, a = -1/2."""
    near = n.Add(n.Mul(n.Mul(n.Sub(n.Mul(x, 1.5), 2.5), x), x), 1.0)
    far = n.Add(n.Mul(n.Sub(n.Mul(n.Add(n.Mul(x, -0.5), 2.5), x), 4.0), x), 2.0)
    inner = n.Where(n.GreaterOrEqual(x, 1.0), far, near)
    return n.Where(n.GreaterOrEqual(x, 2.0), np.float64(0.0), inner)


def _lanczos(radius: float) -> Callable[[Any, Number], Number]:
    """Return the Lanczos kernel of a radius."""

    def kernel(n: Any, x: Number) -> Number:
        angle = n.Mul(x, np.pi)
        sines = n.Mul(n.Sin(angle), n.Sin(n.Div(angle, radius)))
        square = n.Mul(angle, angle)
        nonzero = n.Greater(x, 1e-3)
        divisor = n.Where(nonzero, square, np.float64(1.0))
        ratio = n.Div(n.Mul(sines, radius), divisor)
        inner = n.Where(nonzero, ratio, np.float64(1.0))
        return n.Where(n.Greater(x, radius), np.float64(0.0), inner)

    return kernel


_KERNELS: dict[str, Callable[[Any, Number], Number]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), _linear),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}

# A smaller sum of weights means that no pixel is within the kernel's support.
_LEAST_TOTAL = 1000.0 * float(np.finfo(np.float32).eps)


def kernel_weights(
    g: GraphBuilder,
    size: Number,
    new: Number,
    scale: Number,
    shift: Number,
    method: str,
    *,
    antialias: bool,
) -> Number:
    """Return the weights of the input pixels (rows) in the output pixels (columns).

    Args:
        g: The graph builder.
        size: The input size: a number, or float64 in the graph.
        new: The output size, likewise.
        scale: The output pixels per input pixel, likewise.
        shift: The position of the input's edge in the output, in output pixels.
        method: The kernel.
        antialias: Whether to widen the kernel where the image shrinks.
    """
    n = operators_for(g, size, new, scale, shift)
    half, step = np.float64(0.5), n.Div(np.float64(1.0), scale)
    centers = n.Add(_pixel_indices(g, new), half)
    sources = n.Sub(n.Mul(n.Sub(centers, shift), step), half)
    distance = n.Abs(n.Sub(sources, _column(g, size)))
    if antialias:
        distance = n.Div(distance, n.Max(step, np.float64(1.0)))
    weights = _KERNELS[method](n, distance)
    total = _sum(g, weights)
    reached = n.Greater(n.Abs(total), _LEAST_TOTAL)
    inside = n.And(
        n.GreaterOrEqual(sources, -half), n.LessOrEqual(sources, n.Sub(size, half))
    )
    normalized = n.Div(weights, n.Where(reached, total, np.float64(1.0)))
    return n.Where(n.And(reached, inside), normalized, np.float64(0.0))


def area_weights(g: GraphBuilder, size: Number, new: int) -> Number:
    """Return the overlap of input pixels (rows) with output areas (columns)."""
    n = operators_for(g, size)
    step = n.Div(size, np.float64(new))
    old = _column(g, size)
    starts = n.Mul(step, np.arange(new, dtype=np.float64))
    ends = n.Mul(step, np.arange(1, new + 1, dtype=np.float64))
    overlap = n.Sub(n.Min(n.Add(old, 1.0), ends), n.Max(old, starts))
    return n.Div(n.Max(overlap, np.float64(0.0)), step)


def _column(g: GraphBuilder, size: Number) -> Number:
    """Return the indices of the input pixels as a column."""
    indices = _pixel_indices(g, size)
    return (
        indices[:, None]
        if isinstance(indices, np.ndarray)
        else g.Unsqueeze(indices, [1])
    )


def _pixel_indices(g: GraphBuilder, size: Number) -> Number:
    if not isinstance(size, ir.Value):
        return np.arange(int(size), dtype=np.float64)
    return g.Range(np.float64(0.0), size, np.float64(1.0))


def _sum(g: GraphBuilder, weights: Number) -> Number:
    if not isinstance(weights, ir.Value):
        return weights.sum(0, keepdims=True)
    return reduce(g, "ReduceSum", weights, [0], keepdims=True)


def axis_size(g: GraphBuilder, x: ir.Value, axis: int) -> Number:
    """Return the size of an axis as float64: a number, or a scalar in the graph."""
    size = g.static_shape(x)[axis]
    if size is not None:
        return np.float64(size)
    as_float = g.cast(g.size(x, axis), ir.DataType.DOUBLE)
    return g.Squeeze(as_float, [0])


def resize_by_weights(
    g: GraphBuilder,
    x: ir.Value,
    axes: Sequence[int],
    sizes: Sequence[Number],
    method: str,
    *,
    antialias: bool,
) -> ir.Value:
    """Resize some axes of a float tensor, by any of Keras's interpolations."""
    for axis, new in zip(axes, sizes, strict=True):
        size = axis_size(g, x, axis)
        if method == "area":
            weights = area_weights(g, size, new)
        else:
            count = new if isinstance(new, ir.Value) else np.float64(new)
            scale = operators_for(g, size, new).Div(count, size)
            no_shift = np.float64(0.0)
            weights = kernel_weights(
                g, size, new, scale, no_shift, method, antialias=antialias
            )
        x = apply_weights(g, x, axis, weights, new)
    return x


def apply_weights(
    g: GraphBuilder, x: ir.Value, axis: int, weights: Number, new: Number
) -> ir.Value:
    """Multiply one axis by a matrix of weights."""
    order = [other for other in range(g.rank(x)) if other != axis] + [axis]
    last = transposed(g, x, order)
    y = g.MatMul(last, g.cast(weights, require_dtype(x)))
    return transposed(g, y, [order.index(other) for other in range(len(order))])
