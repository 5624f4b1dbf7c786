"""Differences, integrals and products along axes: how neighbours and rows relate."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder, Operand
from keras_acts.export.builder.types import require_dtype
from keras_acts.export.builder.versions import reduce
from keras_acts.export.convert.ops.arithmetic import promoted
from keras_acts.export.convert.ops.elementwise import wide
from keras_acts.export.convert.registry import converts
from keras_acts.export.errors import UnsupportedOperationError

_END = np.iinfo(np.int64).max
I64 = ir.DataType.INT64


def _neighbours(g: GraphBuilder, x: ir.Value, axis: int) -> tuple[ir.Value, ir.Value]:
    """Return all elements but the first along an axis, and all but the last."""
    sizes = list(g.static_shape(x))
    size = sizes[axis]
    sizes[axis] = None if size is None else max(size - 1, 0)
    later = g.with_shape(g.Slice(x, [1], [_END], [axis]), sizes)
    return later, g.with_shape(g.Slice(x, [0], [-1], [axis]), sizes)


@converts("numpy.Diff")
def diff(g: GraphBuilder, op: Any, a: ir.Value) -> ir.Value:
    for _ in range(op.n):
        a = _differences(g, a, op.axis % g.rank(a))
    return a


def _differences(g: GraphBuilder, x: ir.Value, axis: int) -> ir.Value:
    later, earlier = _neighbours(g, x, axis)
    differs = g.Xor if x.dtype == ir.DataType.BOOL else g.Sub
    return g.with_shape(differs(later, earlier), g.static_shape(later))


@converts("numpy.Trapezoid")
def trapezoid(g: GraphBuilder, op: Any, y: ir.Value) -> ir.Value:
    axis = op.axis % g.rank(y)
    y = wide(g, *promoted(g, y))
    later, earlier = _neighbours(g, y, axis)
    width = g.cast(op.dx, require_dtype(y))
    if op.x is not None:
        given = np.asarray(op.x) if isinstance(op.x, list | tuple) else op.x
        x = g.cast(given, require_dtype(y))
        width = _differences(g, x, axis if g.rank(x) > 1 else 0)
        if g.rank(x) == 1:
            width = g.Reshape(width, [-1] + [1] * (g.rank(y) - 1 - axis))
    area = g.Mul(g.Mul(g.Add(later, earlier), 0.5), width)
    return reduce(g, "ReduceSum", area, [axis])


@converts("numpy.Vander")
def vander(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    size = g.static_shape(x)[0] if op.N is None else op.N
    powers: Any
    if size is not None:
        powers = g.cast(np.arange(size), I64)
    else:
        zero, one = np.zeros((), np.int64), np.ones((), np.int64)
        powers = g.Range(zero, g.Squeeze(g.Shape(x), [0]), one)
    if not op.increasing:
        powers = g.Slice(powers, [-1], [-(2**62)], [0], [-1])
    base = g.Unsqueeze(x, [1])
    return g.Pow(base, g.cast(powers, require_dtype(x)))


@converts("numpy.Kron")
def kron(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """The first's elements, each in place of which stands the second."""
    a, b = promoted(g, x1, x2)
    rank = max(g.rank(a), g.rank(b))
    sizes = []
    for axis in range(-rank, 0):
        of_each = [
            g.size(x, axis) if g.rank(x) >= -axis else g.cast([1], I64) for x in (a, b)
        ]
        sizes.append(g.Mul(*of_each))
    wide_a, wide_b = (
        g.Unsqueeze(x, list(range(rank - g.rank(x)))) if g.rank(x) < rank else x
        for x in (a, b)
    )
    outer = g.Unsqueeze(wide_a, list(range(1, 2 * rank, 2)))
    inner = g.Unsqueeze(wide_b, list(range(0, 2 * rank, 2)))
    product = g.Mul(outer, inner)
    return g.Reshape(product, g.Concat(*sizes, axis=0)) if rank else product


@converts("numpy.Cross")
def cross(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    a = _components(g, op.axisa, *promoted(g, x1))
    b = _components(g, op.axisb, *promoted(g, x2))

    def minor(i: int, j: int) -> ir.Value | None:
        terms = [
            None if p is None or q is None else g.Mul(p, q)
            for p, q in ((a[i], b[j]), (a[j], b[i]))
        ]
        if terms[0] is not None and terms[1] is not None:
            difference: ir.Value = g.Sub(*terms)
            return difference
        return terms[0] if terms[1] is None else g.Neg(terms[1])

    last = minor(0, 1)
    if a[2] is None and b[2] is None:
        return last  # type: ignore[return-value]
    axis = op.axisc % len(g.spec.shape)
    parts = [minor(1, 2), minor(2, 0), last]
    shaped = [g.Unsqueeze(part, [axis]) for part in parts]  # Each has a term.
    return g.Concat(*shaped, axis=axis)


def _components(g: GraphBuilder, axis: int, x: ir.Value) -> list[ir.Value | None]:
    """Return the components of vectors, None for a third that is not there."""
    size = g.static_shape(x)[axis]
    if size not in (2, 3):
        raise UnsupportedOperationError(
            "The vectors of a cross product must have 2 or 3 components, and as many "
            f"known at export. Received: size {size} of axis {axis}"
        )
    parts = [g.Gather(x, np.asarray(i), axis=axis % g.rank(x)) for i in range(size)]
    return [*parts, None][:3]


@converts("numpy.Corrcoef")
def corrcoef(g: GraphBuilder, op: Any, x: ir.Value) -> ir.Value:
    """Products of rows, each centered and divided by its length; 1 at most."""
    x = wide(g, *promoted(g, x))
    distance = g.Sub(x, reduce(g, "ReduceMean", x, [-1], keepdims=True))
    distance = g.with_shape(distance, g.static_shape(x))
    if g.rank(x) < 2:
        one_row = g.Unsqueeze(distance, [0] if g.rank(x) else [0, 1])
        return g.Squeeze(_correlations(g, one_row), [0, 1])
    return _correlations(g, distance)


def _correlations(g: GraphBuilder, distance: ir.Value) -> ir.Value:
    products = g.MatMul(distance, g.Transpose(distance, perm=[1, 0]))
    square = g.Mul(distance, distance)
    lengths = g.Sqrt(reduce(g, "ReduceSum", square, [1], keepdims=True))
    scaled = g.Div(products, g.Mul(lengths, g.Transpose(lengths, perm=[1, 0])))
    result: ir.Value = g.Clip(scaled, -1.0, 1.0)
    return result


@converts("numpy.Correlate")
def correlate(g: GraphBuilder, op: Any, x1: Operand, x2: Operand) -> ir.Value:
    """Products of the second with each window of the first, of which the mode keeps
    all, as many as the longer has elements, or those that lie within.
    """
    a, b = (wide(g, x) for x in promoted(g, x1, x2))
    n, m = g.size(a, 0), g.size(b, 0)
    full = g.Sub(g.Add(n, m), [1])
    shorter = g.Min(n, m)
    start, count = {
        "full": lambda: (g.cast([0], I64), full),
        "same": lambda: (_centered(g, n, m, shorter), g.Max(n, m)),
        "valid": lambda: (
            g.Sub(shorter, [1]),
            g.Add(g.Sub(g.Max(n, m), shorter), [1]),
        ),
    }[op.mode]()
    around = g.Sub(m, [1])
    padded = g.Pad(a, g.Concat(around, around, axis=0))
    firsts = g.Unsqueeze(g.Add(_range(g, count), start), [1])
    windows = g.Gather(padded, g.Add(firsts, _range(g, m)), axis=0)
    return g.MatMul(windows, b)


def _centered(g: GraphBuilder, n: ir.Value, m: ir.Value, shorter: ir.Value) -> ir.Value:
    """Return where the middle begins; NumPy rounds it towards the shorter's end."""
    around = g.Sub(shorter, [1])
    half = g.Div(around, [2])
    result: ir.Value = g.Where(g.Less(n, m), g.Sub(around, half), half)
    return result


def _range(g: GraphBuilder, count: ir.Value) -> ir.Value:
    zero, one = np.zeros((), np.int64), np.ones((), np.int64)
    result: ir.Value = g.Range(zero, g.Squeeze(count, [0]), one)
    return result
