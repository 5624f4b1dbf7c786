"""The maxout family: the largest of groups."""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import reduce
from keras_acts.export.lowering.table import EXACT, form


@form("maxout", dtypes=EXACT, why="one product for all pieces, then the largest")
def maxout(
    g: GraphBuilder,
    x: ir.Value,
    kernel: ir.Value,
    bias: ir.Value | None = None,
    pieces: int = 2,
) -> ir.Value:
    columns = g.static_shape(kernel)[-1]
    assert columns is not None  # a weight's sizes are known
    y = g.MatMul(x, kernel)
    if bias is not None:
        y = g.Add(y, bias)
    y.shape = ir.Shape([*g.static_shape(x)[:-1], columns])
    return _largest_of_groups(g, y, columns // pieces, -1)


@form("channel_maxout", dtypes=EXACT, why="a view as groups, then the largest of each")
def channel_maxout(
    g: GraphBuilder, x: ir.Value, units: int, axis: int = -1
) -> ir.Value:
    return _largest_of_groups(g, x, units, axis)


def _largest_of_groups(g: GraphBuilder, x: ir.Value, units: int, axis: int) -> ir.Value:
    axis %= g.rank(x)
    sizes: list[int | ir.Value] = [
        g.size(x, i) if size is None else size
        for i, size in enumerate(g.static_shape(x))
    ]
    # Before the axis 0 copies a size; of the axis itself -1 is what the units leave.
    groups = g.shape(*([0] * axis), units, -1, *sizes[axis + 1 :])
    return reduce(g, "ReduceMax", g.Reshape(x, groups), [axis + 1])
