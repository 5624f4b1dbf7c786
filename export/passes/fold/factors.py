"""Fold constant factors after a matrix product into its matrix.

Rule 1, for a Mul or Div by a constant (a scalar or one number per column) of the MatMul
with a constant float32 matrix, optionally with the Add of a bias between them, that
nothing else reads: the factors go into the columns of the matrix and into the bias.
Weights that another operator also reads are left alone, since the file would contain
them twice.

The layer scale of a residual block is such a factor. The new weights are computed in
float64 when the file is written, and rounded once.
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
    """Fold a Mul or Div after a MatMul into its weights (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each Mul and Div, in graph order."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) not in ("Div", "Mul"):
                continue
            x, factor = _parts(node)
            weights = None if x is None else _weights_of(x)
            if x is None or factor is None or not weights:
                continue
            if node.outputs[0].is_graph_output() and not is_made_in_same_graph(x, node):
                continue
            columns = sizes(tensor_of(weights[0][1]))[-1]
            if sizes(tensor_of(factor)) not in ((), (1,), (columns,)):
                continue
            for reader, weight in weights:
                _scale(model.graph, reader, weight, node, factor)
            bypass(node, x)
            modified = True
        return PassResult(model, modified)


def _parts(node: ir.Node) -> tuple[ir.Value | None, ir.Value | None]:
    """Return the operand of a Mul or Div, and its constant factor or divisor."""
    x, factor = node.inputs
    if kind(node) == "Mul" and x is not None and x.const_value is not None:
        x, factor = factor, x
    return (x, factor) if factor is not None and _is_float32(factor) else (None, None)


def _weights_of(x: ir.Value) -> list[tuple[ir.Node, ir.Value]]:
    """Return the matrix and the bias of a product, each with the node reading it."""
    node = x.producer() if has_single_use(x) else None
    found: list[tuple[ir.Node, ir.Value]] = []
    if node is not None and kind(node) == "Add":
        product, bias = node.inputs
        if product is None or bias is None or not _is_float32(bias):
            return []
        if len(sizes(tensor_of(bias))) != 1:
            return []
        found = [(node, bias)]
        node = product.producer() if has_single_use(product) else None
    if node is None or kind(node) != "MatMul":
        return []
    matrix = node.inputs[1]
    if matrix is None or not _is_float32(matrix) or len(sizes(tensor_of(matrix))) != 2:
        return []
    columns = sizes(tensor_of(matrix))[1]
    if any(sizes(tensor_of(bias)) != (columns,) for _, bias in found):
        return []
    found.insert(0, (node, matrix))
    return found if all(has_single_use(weight) for _, weight in found) else []


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
