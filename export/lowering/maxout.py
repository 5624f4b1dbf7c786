"""The maxout family: the maximum of each group of channels."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.lowering.table import EXACT, form, lower

_PAIRS = "pairs are gathered and compared, in half the time of a reduction"


def _makes_pairs(x: ir.Value, units: int, axis: int = -1) -> bool:
    return x.shape is not None and x.shape[axis] == 2 * units


def _has_constant_weights(
    _x: ir.Value, kernel: ir.Value, bias: ir.Value | None = None, **_: int
) -> bool:
    weights = (kernel,) if bias is None else (kernel, bias)
    return all(weight.const_value is not None for weight in weights)


@form(
    "maxout",
    dtypes=EXACT,
    when=_has_constant_weights,
    why="weights by piece, whose products are compared as whole rows",
)
def maxout_by_piece(
    g: GraphBuilder,
    x: ir.Value,
    kernel: ir.Value,
    bias: ir.Value | None = None,
    pieces: int = 2,
) -> ir.Value:
    """Map to a MatMul, an Add of the bias, a Reshape and a ReduceMax over the pieces.

    The columns of a piece lie side by side, rather than those of a unit: the weights
    are stored so. Of two pieces that takes 0.7 to 0.9 of the time of Gathers and a Max.
    """
    units, rows = _columns(g, kernel) // pieces, [0] * (g.rank(x) - 1)
    kernel = _by_piece(g, kernel, units, pieces)
    bias = None if bias is None else _by_piece(g, bias, units, pieces)
    y = _product(g, x, kernel, bias, units * pieces)
    groups = g.Reshape(y, [*rows, pieces, units])
    return reduce(g, "ReduceMax", groups, [len(rows)])


def _columns(g: GraphBuilder, kernel: ir.Value) -> int:
    columns = g.static_shape(kernel)[-1]
    assert columns is not None  # a weight's shape is static
    return columns


def _product(
    g: GraphBuilder, x: ir.Value, kernel: ir.Value, bias: ir.Value | None, columns: int
) -> ir.Value:
    """Append the product of all pieces, and the Add of their bias."""
    y = g.MatMul(x, kernel)
    if bias is not None:
        y = g.Add(y, bias)
    g.with_shape(y, [*g.static_shape(x)[:-1], columns])
    return y


def _by_piece(g: GraphBuilder, weight: ir.Value, units: int, pieces: int) -> ir.Value:
    """Order a weight's columns by piece, then by unit, as the file stores them."""
    rows = [size for size in g.static_shape(weight)[:-1] if size is not None]
    count = len(rows)
    groups = g.Reshape(weight, [*rows, units, pieces])
    turned = g.Transpose(groups, perm=[*range(count), count + 1, count])
    return g.Reshape(turned, [*rows, units * pieces])


@form("maxout", dtypes=EXACT, why="one product for all pieces, then the maximum")
def maxout(
    g: GraphBuilder,
    x: ir.Value,
    kernel: ir.Value,
    bias: ir.Value | None = None,
    pieces: int = 2,
) -> ir.Value:
    """Map to a MatMul with all pieces, an Add of the bias, and a channel maxout."""
    columns = _columns(g, kernel)
    y = _product(g, x, kernel, bias, columns)
    return lower("channel_maxout", g, y, units=columns // pieces)


@form("channel_maxout", targets=("cpu",), dtypes=EXACT, when=_makes_pairs, why=_PAIRS)
def channel_maxout_pairs(
    g: GraphBuilder, x: ir.Value, units: int, axis: int = -1
) -> ir.Value:
    """Map to two Gathers and a Max; the axis shrinks to `units`."""
    return _larger_of_pairs(g, x, units, axis)


@form("channel_maxout", dtypes=EXACT, why="a view as groups, then the maximum of each")
def channel_maxout(
    g: GraphBuilder, x: ir.Value, units: int, axis: int = -1
) -> ir.Value:
    """Map to a Reshape into groups and a ReduceMax; the axis shrinks to `units`."""
    return _largest_of_groups(g, x, units, axis)


def _larger_of_pairs(g: GraphBuilder, x: ir.Value, units: int, axis: int) -> ir.Value:
    axis %= g.rank(x)
    groups = _groups(g, x, units, axis)
    first, second = (g.Gather(groups, np.int64(i), axis=axis + 1) for i in (0, 1))
    return g.Max(first, second)


def _largest_of_groups(g: GraphBuilder, x: ir.Value, units: int, axis: int) -> ir.Value:
    axis %= g.rank(x)
    return reduce(g, "ReduceMax", _groups(g, x, units, axis), [axis + 1])


def _groups(g: GraphBuilder, x: ir.Value, units: int, axis: int) -> ir.Value:
    """Return a view with the axis split in two: units, and members of each group."""
    sizes: list[int | ir.Value] = [
        g.size(x, i) if size is None else size
        for i, size in enumerate(g.static_shape(x))
    ]
    # 0 copies a size before the axis; -1 is the number of members of a group.
    return g.Reshape(x, g.shape(*([0] * axis), units, -1, *sizes[axis + 1 :]))
