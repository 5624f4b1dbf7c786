"""Read what a stack was made of, in place of a part of the stack.

1. Of a Gather of one place, a constant, along an axis: if what it reads is a Concat
   along that axis of tensors that each were given it by an Unsqueeze, its readers read
   the tensor of that place. A stack of which nothing else reads is then not made.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import bypass, is_made_in_same_graph, kind


class ReadStacksPass(InPlacePass):
    """Replace each part of a stack by what was stacked there (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rule once to each Gather, in graph order."""
        modified = False
        for node in list(model.graph.all_nodes()):
            if kind(node) == "Gather":
                modified |= _read(node)
        return PassResult(model, modified)


def _read(gather: ir.Node) -> bool:
    part = _stacked_at(gather)
    if part is None:
        return False
    public = gather.outputs[0].is_graph_output()
    if public and (not is_made_in_same_graph(part, gather) or part.is_graph_output()):
        return False
    bypass(gather, part)
    return True


def _stacked_at(gather: ir.Node) -> ir.Value | None:
    """Return the tensor that was stacked where a Gather reads, if it is known."""
    source, index = gather.inputs[0], gather.inputs[1]
    stack = None if source is None else source.producer()
    if stack is None or kind(stack) != "Concat" or index is None:
        return None
    place = index.const_value
    if place is None or place.size != 1 or len(place.shape) != 0:
        return None
    rank = None if source is None or source.shape is None else len(source.shape)
    axis = _axis(stack, rank)
    if axis is None or axis != _axis(gather, rank):
        return None
    number = int(place.numpy())
    parts = [_before_unsqueeze(x, axis) for x in stack.inputs]
    if not -len(parts) <= number < len(parts) or any(x is None for x in parts):
        return None
    return parts[number]


def _axis(node: ir.Node, rank: int | None) -> int | None:
    """Return the axis of a Gather or Concat, None if it can't be told from the end."""
    given = node.attributes.get("axis")
    axis = 0 if given is None else given.as_int()
    if axis >= 0:
        return axis
    return None if rank is None else axis + rank


def _before_unsqueeze(x: ir.Value | None, axis: int) -> ir.Value | None:
    """Return what a value was before it was given an axis of size 1."""
    node = None if x is None else x.producer()
    if node is None or kind(node) != "Unsqueeze" or node.inputs[1] is None:
        return None
    axes = node.inputs[1].const_value
    if axes is None or axes.numpy().reshape(-1).tolist() != [axis]:
        return None
    return node.inputs[0]
