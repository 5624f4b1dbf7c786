"""Converters of TensorFlow operations that tf2onnx lacks.

Custom handlers make tf2onnx pass these operations through in a domain of ours. They are
replaced afterwards, so that both engines write the same operators, equally precise.

1. Operations that exist in `keras.ops` use the converters registered for these.
2. The others have a form here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.types import keras_dtype, require_dtype
from keras_acts.export.convert.ops.numpy.mathematics.elementwise import log1p
from keras_acts.export.convert.registry import find_operation
from keras_acts.export.engines.tf2onnx import resizes
from keras_acts.export.trace import Value

DOMAIN = "keras_acts.tensorflow"
"""The domain of these operations until they are replaced."""

Form = Callable[..., ir.Value]

_KERAS = {
    "BesselI0": "numpy.I0",
    "Erfc": "math.Erfc",
    "Erfinv": "math.Erfinv",
    "Expm1": "numpy.Expm1",
    "Log1p": "numpy.Log1p",
}
"""The kind of the equivalent Keras operation, by the name of TensorFlow's."""


def _xlogy(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Map `Xlogy` to x log y, 0 where x is 0."""
    return _zero_where(g, x, g.Mul(x, g.Log(y)))


def _xlog1py(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Map `Xlog1py` to x log(1 + y), 0 where x is 0."""
    return _zero_where(g, x, g.Mul(x, log1p(g, y)))


def _xdivy(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Map `Xdivy` to x / y, 0 where x is 0."""
    return _zero_where(g, x, g.Div(x, y))


def _mul_no_nan(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Map `MulNoNan` to x y, 0 where y is 0."""
    return _zero_where(g, y, g.Mul(x, y))


def _zero_where(g: GraphBuilder, x: ir.Value, result: ir.Value) -> ir.Value:
    """Append a Where: 0 where x is 0, the result elsewhere."""
    return g.Where(g.Equal(x, 0.0), g.zeros_like(x), result)


def _l2_loss(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map `L2Loss` to half the sum of squares."""
    return g.Mul(g.ReduceSumSquare(x, keepdims=0), 0.5)


def _rank(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map `Rank` to the Shape of the Shape, as a scalar int32."""
    size = g.Squeeze(g.Shape(g.Shape(x)))
    return g.cast(size, ir.DataType.INT32)


def _reciprocal(g: GraphBuilder, x: ir.Value) -> ir.Value:
    """Map `Inv` to Reciprocal."""
    return g.Reciprocal(x)


def _truncated_remainder(g: GraphBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Map `Mod` and `TruncateMod` to Mod with the sign of the dividend."""
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


_NODE_FORMS: Mapping[str, Callable[[GraphBuilder, ir.Node], ir.Value]] = {
    **dict.fromkeys(
        ("ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor"), resizes.resized
    ),
    "ResizeArea": resizes.averaged,
}
"""The forms that read the attributes of an operation."""


OPERATIONS = sorted([*_FORMS, *_KERAS])
"""The names of the operations that tf2onnx lacks."""

RESIZES = sorted(_NODE_FORMS)
"""The names of those that it converts wrongly."""


def handlers() -> dict[str, tuple[Callable[..., None], list[Any]]]:
    """Return the `custom_op_handlers` for tf2onnx."""
    return {
        **{name: (_pass_through, []) for name in (*OPERATIONS, *RESIZES)},
        "FloorDiv": (_floor_div, []),
        "FloorMod": (_floor_mod, []),
    }


def _floor_div(context: Any, node: Any, name: str, _arguments: Any) -> None:
    """Divide towards minus infinity: tf2onnx drops the fraction of integers."""
    x, y = node.input
    if _is_integer(context, x):
        rest = _made(context, "Mod", x, y)
        context.replace_inputs(node, [_made(context, "Sub", x, rest), y])
    else:
        result = node.output[0]
        floor = context.insert_new_node_on_output("Floor", result, name=f"{name}_floor")
        context.copy_dtype(result, floor.output[0])
        context.copy_shape(result, floor.output[0])
    node.type = "Div"


def _floor_mod(context: Any, node: Any, _name: str, _arguments: Any) -> None:
    """Give the remainder the sign of the divisor: tf2onnx doesn't for integers."""
    x, y = node.input
    if _is_integer(context, x):
        node.type = "Mod"
        return
    whole = _made(context, "Floor", _made(context, "Div", x, y))
    context.replace_inputs(node, [x, _made(context, "Mul", whole, y)])
    node.type = "Sub"


def _is_integer(context: Any, x: str) -> bool:
    dtype = context.get_dtype(x)
    return dtype is not None and ir.DataType(dtype).is_integer()


def _made(context: Any, op_type: str, x: str, *others: str) -> str:
    """Append a node to tf2onnx's graph, and return the name of its result."""
    dtype = context.get_dtype(x)
    made = context.make_node(op_type, [x, *others], dtypes=[dtype])
    name: str = made.output[0]
    return name


def _pass_through(_context: Any, node: Any, _name: str, _arguments: Any) -> None:
    """Move a node to our domain; tf2onnx calls it as a handler."""
    node.domain = DOMAIN


def write_forms(model: ir.Model, opset: int, target: str) -> None:
    """Replace the operations that tf2onnx passed through by their forms."""
    g = GraphBuilder(opset, target)
    for graph in (model.graph, *model.graph.subgraphs()):
        for node in list(graph):
            if node.domain == DOMAIN:
                _write(g, graph, node)
    for value in g.initializers:
        model.graph.register_initializer(value)
    model.opset_imports.pop(DOMAIN, None)


def _write(g: GraphBuilder, graph: ir.Graph | ir.Function, node: ir.Node) -> None:
    """Replace a node by its form."""
    result = node.outputs[0]
    g.nodes, g.scope = [], (node.name or node.op_type,)
    g.spec = Value((), keras_dtype(result))
    new = g.cast(_form(g, node), require_dtype(result))
    if not g.nodes or new.producer() is not g.nodes[-1]:
        new = g.Identity(new)
    new.shape, new.type = result.shape, result.type
    if result.is_graph_output():
        new.name, result.name = result.name, new.name
    graph.insert_before(node, g.nodes)
    ir.convenience.replace_all_uses_with(result, new, replace_graph_outputs=True)
    graph.remove(node, safe=True)


def _form(g: GraphBuilder, node: ir.Node) -> ir.Value:
    """Append the form of a node, and return its result."""
    by_node = _NODE_FORMS.get(node.op_type)
    if by_node is not None:
        return by_node(g, node)
    form = _FORMS.get(node.op_type) or _by_converter(_KERAS[node.op_type])
    return form(g, *node.inputs)


def _by_converter(kind: str) -> Form:
    """Return the converter of a Keras operation as a form."""
    converter = find_operation(kind)
    if converter is None:
        raise KeyError(kind)
    return lambda g, *inputs: converter(g, None, *inputs)
