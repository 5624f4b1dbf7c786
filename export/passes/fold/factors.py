"""Fold constant factors after a matrix product into its matrix.

For a Mul or Div by a constant of the MatMul with a constant float32 matrix, that
nothing else reads, the factors go into the matrix and into the bias:

1. one number per column, optionally with the Add of a bias of as many between them, as
   the layer scale of a residual block;
2. a scalar, optionally with a Reshape and the Add of a bias of any shape between them,
   in this order, as the queries of an attention are scaled.

Weights that another operator also reads are left alone, since the file would contain
them twice. The new weights are computed in float64 when the file is written, and
rounded once.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import (
    bypass,
    has_single_use,
    is_made_in_same_graph,
    kind,
)
from keras_acts.export.passes.weights import (
    Array,
    WeightForm,
    sizes,
    store_weight,
    tensor_of,
)


class FoldFactorsPass(InPlacePass):
    """Fold a Mul or Div after a MatMul into its weights (rules 1 and 2)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each Mul and Div, in graph order."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) not in ("Div", "Mul"):
                continue
            x, factor = _parts(node)
            if x is None or factor is None:
                continue
            if node.outputs[0].is_graph_output() and not is_made_in_same_graph(x, node):
                continue
            weights = _weights_of(x, sizes(tensor_of(factor)))
            for reader, weight in weights:
                _scale(model.graph, reader, weight, node, factor)
            if weights:
                bypass(node, x)
                modified = True
        return PassResult(model, modified)


def _parts(node: ir.Node) -> tuple[ir.Value | None, ir.Value | None]:
    """Return the operand of a Mul or Div, and its constant factor or divisor."""
    x, factor = node.inputs
    if kind(node) == "Mul" and x is not None and x.const_value is not None:
        x, factor = factor, x
    return (x, factor) if factor is not None and _is_float32(factor) else (None, None)


def _weights_of(x: ir.Value, factor: tuple[int, ...]) -> list[tuple[ir.Node, ir.Value]]:
    """Return the matrix and the bias that take a factor, each with its reader.

    Args:
        x: What is multiplied.
        factor: The shape of the factor.

    Returns:
        An empty list if they can't take it.
    """
    is_number = factor in ((), (1,))
    bias: tuple[ir.Node, ir.Value] | None = None
    node = _only_read(x)
    if node is not None and kind(node) == "Add":
        product, added = node.inputs
        if product is None or added is None or not _is_float32(added):
            return []
        bias, node = (node, added), _only_read(product)
    if is_number and node is not None and kind(node) == "Reshape":
        node = None if node.inputs[0] is None else _only_read(node.inputs[0])
    matrix = None if node is None or kind(node) != "MatMul" else node.inputs[1]
    if node is None or matrix is None or not _is_float32(matrix):
        return []
    shape = sizes(tensor_of(matrix))
    if len(shape) != 2 or not (is_number or factor == shape[1:]):
        return []
    if not is_number and bias is not None and sizes(tensor_of(bias[1])) != shape[1:]:
        return []
    found = [(node, matrix), *([] if bias is None else [bias])]
    return found if all(has_single_use(weight) for _, weight in found) else []


def _only_read(x: ir.Value) -> ir.Node | None:
    """Return the node that makes a value which nothing else reads."""
    return x.producer() if has_single_use(x) else None


def _is_float32(x: ir.Value) -> bool:
    return x.const_value is not None and x.const_value.dtype == ir.DataType.FLOAT


def _scale(
    graph: ir.Graph, reader: ir.Node, weight: ir.Value, node: ir.Node, factor: ir.Value
) -> None:
    """Replace a weight of an operator by the scaled weight."""
    by, divides = tensor_of(factor), kind(node) == "Div"

    def change(w: Array) -> Array:
        scale = by.numpy().astype(np.float64)
        return np.asarray(w / scale if divides else w * scale, np.float32)

    form = WeightForm(change, sizes(tensor_of(weight)), ir.DataType.FLOAT)
    name = f"{reader.name}/scaled"
    reader.replace_input_with(1, store_weight(graph, weight, form, name))
