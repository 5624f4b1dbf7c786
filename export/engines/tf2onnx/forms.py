"""Operations of TensorFlow that tf2onnx lacks, written with our own graph builder.

tf2onnx is told, by handlers of its own kind, to let these operations through in a
domain of ours. What stands for them is put in when it is done, so that both engines
have the same forms, to the same precision.

1. Operations that `keras.ops` has too go by the converter of those;
2. the others have a form here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import keras_dtype, require_dtype
from keras_acts.export.convert.ops.numpy.mathematics.elementwise import log1p
from keras_acts.export.convert.registry import find_operation
from keras_acts.export.trace import Value

DOMAIN = "keras_acts.tensorflow"
"""Where these operations stand until they are written."""

Form = Callable[..., ir.Value]

_KERAS = {
    "BesselI0": "numpy.I0",
    "Erfc": "math.Erfc",
    "Erfinv": "math.Erfinv",
    "Expm1": "numpy.Expm1",
    "Log1p": "numpy.Log1p",
}
"""The operation of Keras that computes the same, by the name of TensorFlow's."""


def _xlogy(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return _zero_where(g, x, g.Mul(x, g.Log(y)))


def _xlog1py(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return _zero_where(g, x, g.Mul(x, log1p(g, y)))


def _xdivy(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return _zero_where(g, x, g.Div(x, y))


def _mul_no_nan(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return _zero_where(g, y, g.Mul(x, y))


def _zero_where(g: GraphBuilder, x: ir.Value, result: ir.Value) -> ir.Value:
    """Return 0 where x is 0, whatever the result would be there."""
    return g.Where(g.Equal(x, 0.0), g.zeros_like(x), result)


def _l2_loss(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Mul(g.ReduceSumSquare(x, keepdims=0), 0.5)


def _rank(g: GraphBuilder, x: ir.Value) -> ir.Value:
    size = g.Squeeze(g.Shape(g.Shape(x)))
    return g.cast(size, ir.DataType.INT32)


def _reciprocal(g: GraphBuilder, x: ir.Value) -> ir.Value:
    return g.Reciprocal(x)


def _truncated_remainder(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return g.Mod(x, y, fmod=1)


_FORMS: Mapping[str, Form] = {
    "Inv": _reciprocal,
    "L2Loss": _l2_loss,
    "Mod": _truncated_remainder,
    "MulNoNan": _mul_no_nan,
    "Rank": _rank,
    "TruncateMod": _truncated_remainder,
    "Xdivy": _xdivy,
    "Xlog1py": _xlog1py,
    "Xlogy": _xlogy,
}


OPERATIONS = sorted([*_FORMS, *_KERAS])
"""The names of the operations that have a form."""


def handlers() -> dict[str, tuple[Callable[..., None], list[Any]]]:
    """Return what tf2onnx takes as `custom_op_handlers`."""
    return {name: (_let_through, []) for name in OPERATIONS}


def _let_through(_context: Any, node: Any, _name: str, _arguments: Any) -> None:
    node.domain = DOMAIN


def write_forms(model: ir.Model, opset: int, target: str) -> None:
    """Put the forms in the place of the operations that were let through."""
    g = GraphBuilder(opset, target)
    for graph in (model.graph, *model.graph.subgraphs()):
        for node in list(graph):
            if node.domain == DOMAIN:
                _write(g, graph, node)
    for value in g.initializers:
        model.graph.register_initializer(value)
    model.opset_imports.pop(DOMAIN, None)


def _write(g: GraphBuilder, graph: ir.Graph | ir.Function, node: ir.Node) -> None:
    result = node.outputs[0]
    g.nodes, g.scope = [], (node.name or node.op_type,)
    g.spec = Value((), keras_dtype(result))
    form = _FORMS.get(node.op_type) or _by_converter(_KERAS[node.op_type])
    made = g.cast(form(g, *node.inputs), require_dtype(result))
    if not g.nodes or made.producer() is not g.nodes[-1]:
        made = g.Identity(made)
    made.shape, made.type = result.shape, result.type
    if result.is_graph_output():
        made.name, result.name = result.name, made.name
    graph.insert_before(node, g.nodes)
    ir.convenience.replace_all_uses_with(result, made, replace_graph_outputs=True)
    graph.remove(node, safe=True)


def _by_converter(kind: str) -> Form:
    converter = find_operation(kind)
    if converter is None:
        raise KeyError(kind)
    return lambda g, *inputs: converter(g, None, *inputs)
