"""Cancel transposes that undo each other, and those that move no number.

Rules, on a transpose whose input is the result of another:

1. the two permutations together are the identity: uses of the second read the input of
   the first;
2. otherwise the second becomes one transpose by the product of both.

Rule 3, on a transpose of the result of a Reshape that nothing else reads: if only axes
of size 1 change their places, the Reshape gives the new shape itself.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import remove
from keras_acts.export.passes.weights import Stored, stored, tensor_of


class CancelTransposesPass(InPlacePass):
    """Cancel or join transposes that follow one another."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules once to each node, in order."""
        modified = False
        for node in model.graph.all_nodes():
            if node.op_type != "Transpose":
                continue
            if _joins_reshape(model.graph, node):
                modified = True
                continue
            first = _transpose_before(node)
            source = None if first is None else first.inputs[0]
            if first is None or source is None:
                continue
            modified = True
            permutation = [_permutation(first)[axis] for axis in _permutation(node)]
            if permutation == sorted(permutation) and not _is_output(node):  # Rule 1
                ir.convenience.replace_all_uses_with(node.outputs[0], source)
                remove(node)
            else:  # Rule 2
                node.replace_input_with(0, source)
                node.attributes["perm"] = ir.AttrInt64s("perm", permutation)
            if not first.outputs[0].uses() and not _is_output(first):
                remove(first)
        return PassResult(model, modified)


def _transpose_before(node: ir.Node) -> ir.Node | None:
    """Return the transpose whose result a transpose reads."""
    before = None if node.inputs[0] is None else node.inputs[0].producer()
    return before if before is not None and before.op_type == "Transpose" else None


def _joins_reshape(graph: ir.Graph, node: ir.Node) -> bool:
    """Apply rule 3."""
    x = node.inputs[0]
    reshape = None if x is None else x.producer()
    if x is None or reshape is None or reshape.op_type != "Reshape" or _is_output(node):
        return False
    target = reshape.inputs[1]
    if target is None or target.const_value is None or len(x.uses()) > 1:
        return False
    before = [int(size) for size in tensor_of(target).numpy()]
    permutation = _permutation(node)
    moved = [(before[axis], axis) for axis in permutation]
    # 0 copies the input's size at its own place.
    if any(size == 0 and axis != place for place, (size, axis) in enumerate(moved)):
        return False
    kept = [axis for size, axis in moved if size != 1]
    if kept != sorted(kept) or x.is_graph_output():
        return False
    shape = np.asarray([size for size, _ in moved], np.int64)
    form = Stored(lambda _: shape, shape.shape, ir.DataType.INT64)
    reshape.replace_input_with(1, stored(graph, target, form, f"{reshape.name}/shape"))
    sizes = x.shape
    x.shape = None if sizes is None else ir.Shape([sizes[axis] for axis in permutation])
    ir.convenience.replace_all_uses_with(node.outputs[0], x)
    remove(node)
    return True


def _permutation(node: ir.Node) -> list[int]:
    return list(node.attributes["perm"].as_ints())


def _is_output(node: ir.Node) -> bool:
    return node.outputs[0].is_graph_output()
