"""Resampling as products with matrices of weights, one matrix for each axis.

It says what ONNX's Resize can't: the kernels of Lanczos, averages of areas, float64,
any scale and shift. Where the sizes are known the weights are constants; where they
are not, the same formulas make them when the model runs.
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
"""A value of the graph, or an array or number where everything is known."""


class Folded:
    """The operators that sizes and weights are made of, on what is known already.

    They have the names and meanings of the graph builder's, so that one formula is
    either computed at once or written into the graph.
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
        """Divide; whole numbers give the whole part, as in ONNX."""
        whole = np.asarray(x).dtype.kind == "i"
        return np.floor_divide(x, y) if whole else np.divide(x, y)


def operators_for(g: GraphBuilder, *numbers: Number) -> Any:
    """Return what computes with numbers: the graph builder if one is not known."""
    known = not any(isinstance(number, ir.Value) for number in numbers)
    return Folded if known else g


def _linear(n: Any, x: Number) -> Number:
    return n.Max(n.Sub(np.float64(1.0), x), np.float64(0.0))


def _cubic(n: Any, x: Number) -> Number:
    """Keys's cubic convolution, a = -1/2."""
    near = n.Add(n.Mul(n.Mul(n.Sub(n.Mul(x, 1.5), 2.5), x), x), 1.0)
    far = n.Add(n.Mul(n.Sub(n.Mul(n.Add(n.Mul(x, -0.5), 2.5), x), 4.0), x), 2.0)
    inner = n.Where(n.GreaterOrEqual(x, 1.0), far, near)
    return n.Where(n.GreaterOrEqual(x, 2.0), np.float64(0.0), inner)


def _lanczos(radius: float) -> Callable[[Any, Number], Number]:
    def kernel(n: Any, x: Number) -> Number:
        angle = n.Mul(x, np.pi)
        waves = n.Mul(n.Sin(angle), n.Sin(n.Div(angle, radius)))
        square = n.Mul(angle, angle)
        apart = n.Greater(x, 1e-3)
        divisor = n.Where(apart, square, np.float64(1.0))
        ratio = n.Div(n.Mul(waves, radius), divisor)
        inner = n.Where(apart, ratio, np.float64(1.0))
        return n.Where(n.Greater(x, radius), np.float64(0.0), inner)

    return kernel


_KERNELS: dict[str, Callable[[Any, Number], Number]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), _linear),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}

# Weights whose sum is smaller are of a sample that no pixel reaches.
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
    """Return the weights of old pixels, by row, in the new ones, by column.

    Args:
        g: The graph builder.
        size: The old size, a number, or float64 in the graph.
        new: The new size, likewise.
        scale: New pixels to one old pixel, likewise.
        shift: How far the old image's edge lies inside the new one, in new pixels.
        method: The kernel.
        antialias: Whether a kernel covers more than its own pixels where the image
            shrinks.
    """
    n = operators_for(g, size, new, scale, shift)
    half, step = np.float64(0.5), n.Div(np.float64(1.0), scale)
    middles = n.Add(_places(g, new), half)
    centers = n.Sub(n.Mul(n.Sub(middles, shift), step), half)
    distance = n.Abs(n.Sub(centers, _column(g, size)))
    if antialias:
        distance = n.Div(distance, n.Max(step, np.float64(1.0)))
    weights = _KERNELS[method](n, distance)
    total = _sum(g, weights)
    reached = n.Greater(n.Abs(total), _LEAST_TOTAL)
    inside = n.And(
        n.GreaterOrEqual(centers, -half), n.LessOrEqual(centers, n.Sub(size, half))
    )
    shares = n.Div(weights, n.Where(reached, total, np.float64(1.0)))
    return n.Where(n.And(reached, inside), shares, np.float64(0.0))


def area_weights(g: GraphBuilder, size: Number, new: int) -> Number:
    """Return the shares of old pixels, by row, in the areas of the new ones."""
    n = operators_for(g, size)
    step = n.Div(size, np.float64(new))
    old = _column(g, size)
    starts = n.Mul(step, np.arange(new, dtype=np.float64))
    ends = n.Mul(step, np.arange(1, new + 1, dtype=np.float64))
    overlap = n.Sub(n.Min(n.Add(old, 1.0), ends), n.Max(old, starts))
    return n.Div(n.Max(overlap, np.float64(0.0)), step)


def _column(g: GraphBuilder, size: Number) -> Number:
    """Return the places of the old pixels, one below the other."""
    places = _places(g, size)
    return (
        places[:, None] if isinstance(places, np.ndarray) else g.Unsqueeze(places, [1])
    )


def _places(g: GraphBuilder, size: Number) -> Number:
    if not isinstance(size, ir.Value):
        return np.arange(int(size), dtype=np.float64)
    return g.Range(np.float64(0.0), size, np.float64(1.0))


def _sum(g: GraphBuilder, weights: Number) -> Number:
    if not isinstance(weights, ir.Value):
        return weights.sum(0, keepdims=True)
    return reduce(g, "ReduceSum", weights, [0], keepdims=True)


def extent(g: GraphBuilder, x: ir.Value, axis: int) -> Number:
    """Return the size of an axis as float64: a number, or a scalar in the graph."""
    size = g.static_shape(x)[axis]
    if size is not None:
        return np.float64(size)
    wide = g.cast(g.size(x, axis), ir.DataType.DOUBLE)
    return g.with_shape(g.Squeeze(wide, [0]), ())


def resized_by_weights(
    g: GraphBuilder,
    x: ir.Value,
    axes: Sequence[int],
    sizes: Sequence[Number],
    method: str,
    *,
    antialias: bool,
) -> ir.Value:
    """Resize some axes of floats to new sizes, by any of Keras's interpolations."""
    for axis, new in zip(axes, sizes, strict=True):
        size = extent(g, x, axis)
        if method == "area":
            weights = area_weights(g, size, new)
        else:
            count = new if isinstance(new, ir.Value) else np.float64(new)
            scale = operators_for(g, size, new).Div(count, size)
            still = np.float64(0.0)
            weights = kernel_weights(
                g, size, new, scale, still, method, antialias=antialias
            )
        x = weighted(g, x, axis, weights, new)
    return x


def weighted(
    g: GraphBuilder, x: ir.Value, axis: int, weights: Number, new: Number
) -> ir.Value:
    """Multiply one axis by a matrix of weights."""
    order = [other for other in range(g.rank(x)) if other != axis] + [axis]
    last = transposed(g, x, order)
    y = g.MatMul(last, g.cast(weights, require_dtype(x)))
    known = None if isinstance(new, ir.Value) else int(new)
    y = g.with_shape(y, [*g.static_shape(last)[:-1], known])
    return transposed(g, y, [order.index(other) for other in range(len(order))])
