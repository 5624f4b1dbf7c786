"""Keep onnxruntime from merging an addition into the normalization after it.

Rule 1, on a CPU, for an Add of two tensors of rank 3 that only a LayerNormalization
reads: it becomes a Sum, which is the same sum. onnxruntime makes of an Add and the
LayerNormalization one SkipLayerNormalization, which takes four to ten times as long as
both on its CPU provider; of a Sum it doesn't.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import bypass, graph_of, has_single_use, kind

_MERGED_RANK = 3


class SumBeforeNormsPass(InPlacePass):
    """Replace the Add before a LayerNormalization by a Sum (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each LayerNormalization."""
        modified = False
        for node in list(model.graph.all_nodes()):
            if kind(node) != "LayerNormalization" or node.inputs[0] is None:
                continue
            x = node.inputs[0]
            add = x.producer() if has_single_use(x) else None
            if add is None or kind(add) != "Add" or not _is_merged(add):
                continue
            made = ir.Value(name=x.name, type=x.type, shape=x.shape)
            sum_of_both = ir.node("Sum", add.inputs, outputs=[made], name=add.name)
            graph_of(add).insert_before(add, sum_of_both)
            bypass(add, made)
            modified = True
        return PassResult(model, modified)


def _is_merged(add: ir.Node) -> bool:
    """Whether both operands are tensors of the rank that onnxruntime looks for."""
    shapes = [None if x is None else x.shape for x in add.inputs]
    return all(shape is not None and len(shape) == _MERGED_RANK for shape in shapes)
