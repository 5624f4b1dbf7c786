"""The gated family: one half of an axis times a gate made of the other."""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import split
from keras_acts.export.lowering.table import form, lower

_GATES = {"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "swish"}


def _gated(name: str, gate: str) -> None:
    @form(name, why=f"a product with {gate} in its own best form")
    def gated(g: GraphBuilder, x: ir.Value, axis: int = -1) -> ir.Value:
        a, b = split(g, x, 2, axis)
        return g.Mul(a, lower(gate, g, b))


for _name, _gate in _GATES.items():
    _gated(_name, _gate)
