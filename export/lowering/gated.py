"""The gated family: one half of an axis times an activation of the other half."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import split
from keras_acts.export.lowering.table import form, lower
from keras_acts.export.lowering.values import minimum

_GATES = {"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "swish"}


def _gated(name: str, gate: str) -> None:
    """Register the form of a gated activation."""

    @form(name, why=f"a product with the best form of {gate}")
    def gated(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
        """Map to a Split, and a Mul of one half by the gate of the other half."""
        a, b = split(g, x, 2, axis)
        return g.Mul(a, lower(gate, g, b))


@form("clipped_swiglu", why="two Slices or a Split, then the clipped parts' product")
def clipped_swiglu(
    g: GraphBuilder,
    x: ir.Value,
    axis: int = -1,
    limit: float = 7.0,
    alpha: float = 1.702,
    interleaved: bool = True,
) -> ir.Value:
    """Map to `(clip(a, -limit, limit) + 1) * swish(min(b, limit), alpha)`."""
    if interleaved:
        b, a = (_every_other(g, x, start, axis) for start in (0, 1))
    else:
        a, b = split(g, x, 2, axis)
    gate = lower("swish", g, minimum(g, b, limit), beta=alpha)
    return g.Mul(g.Add(g.Clip(a, -limit, limit), 1.0), gate)


def _every_other(g: GraphBuilder, x: ir.Value, start: int, axis: int) -> ir.Value:
    """Return each second element of an axis."""
    ends = np.iinfo(np.int64).max
    return g.Slice(x, *(np.asarray([v], np.int64) for v in (start, ends, axis, 2)))


@form("gated_dense", why="one product for both halves, then the gated form")
def gated_dense(
    g: GraphBuilder,
    x: ir.Value,
    kernel: ir.Value,
    bias: ir.Value | None = None,
    gate: str = "swish",
) -> ir.Value:
    """Map to a MatMul, an Add of the bias, a Split, and a Mul by the gate."""
    columns = g.static_shape(kernel)[-1]
    y = g.MatMul(x, kernel)
    if bias is not None:
        y = g.Add(y, bias)
    g.with_shape(y, [*g.static_shape(x)[:-1], columns])
    a, b = split(g, y, 2, -1)
    return g.Mul(a, lower(gate, g, b))


for _name, _gate in _GATES.items():
    _gated(_name, _gate)
