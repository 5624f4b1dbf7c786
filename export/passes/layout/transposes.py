"""Cancel transposes that undo each other, and those that move no elements.

Rules, for a Transpose whose input is the result of another Transpose:

1. the permutations combine to the identity: readers of the second read the input of
   the first;
2. otherwise the second becomes one Transpose by the combined permutation.

Rule 3, for a Transpose of the result of a Reshape that nothing else reads: if only axes
of size 1 move, the Reshape produces the new shape itself.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import kind, permutation, remove
from keras_acts.export.passes.weights import WeightForm, store_weight, tensor_of


class CancelTransposesPass(InPlacePass):
    """Cancel or combine consecutive transposes (rules 1 to 3)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules once to each Transpose, in graph order."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) != "Transpose":
                continue
            if _fuse_into_reshape(model.graph, node):
                modified = True
                continue
            first = _transpose_before(node)
            source = None if first is None else first.inputs[0]
            if first is None or source is None:
                continue
            combined = _combined(first, node)
            if combined is None:
                continue
            modified = True
            if combined == sorted(combined) and not _is_output(node):
                # Rule 1: they cancel
                ir.convenience.replace_all_uses_with(node.outputs[0], source)
                remove(node)
            else:
                # Rule 2: they combine
                node.replace_input_with(0, source)
                node.attributes["perm"] = ir.AttrInt64s("perm", combined)
            if not first.outputs[0].uses() and not _is_output(first):
                remove(first)
        return PassResult(model, modified)


def _transpose_before(node: ir.Node) -> ir.Node | None:
    """Return the Transpose whose result a Transpose reads."""
    before = None if node.inputs[0] is None else node.inputs[0].producer()
    return before if before is not None and kind(before) == "Transpose" else None


def _fuse_into_reshape(graph: ir.Graph, node: ir.Node) -> bool:
    """Rule 3: let the Reshape produce the transposed shape."""
    x = node.inputs[0]
    reshape = None if x is None else x.producer()
    if x is None or reshape is None or kind(reshape) != "Reshape" or _is_output(node):
        return False
    target = reshape.inputs[1]
    if target is None or target.const_value is None or len(x.uses()) > 1:
        return False
    before = [int(size) for size in tensor_of(target).numpy()]
    axes = permutation(node) or list(range(len(before)))[::-1]
    moved = [(before[axis], axis) for axis in axes]
    # 0 copies the size of the input's axis of the same index.
    if any(
        size == 0 and axis != new_axis for new_axis, (size, axis) in enumerate(moved)
    ):
        return False
    remaining = [axis for size, axis in moved if size != 1]
    if remaining != sorted(remaining) or x.is_graph_output():
        return False
    shape = np.asarray([size for size, _ in moved], np.int64)
    form = WeightForm(lambda _: shape, shape.shape, ir.DataType.INT64)
    reshape.replace_input_with(
        1, store_weight(graph, target, form, f"{reshape.name}/shape")
    )
    sizes = x.shape
    x.shape = None if sizes is None else ir.Shape([sizes[axis] for axis in axes])
    ir.convenience.replace_all_uses_with(node.outputs[0], x)
    remove(node)
    return True


def _combined(first: ir.Node, second: ir.Node) -> list[int] | None:
    """Return the permutation of two transposes, None if one is unknown."""
    before, after = permutation(first), permutation(second)
    if before is None or after is None:
        return None
    return [before[axis] for axis in after]


def _is_output(node: ir.Node) -> bool:
    return node.outputs[0].is_graph_output()
