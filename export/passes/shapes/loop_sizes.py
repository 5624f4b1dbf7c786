"""Keep the names of unknown sizes across loops.

ONNX's shape inference assumes that a Loop may change the shapes of its carried values.
Rule 1, for a Loop marked as keeping shapes: the inputs of its body and its results have
the sizes of the initial values. Shapes after it are inferred again.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.builder.loops import KEEPS_SHAPES
from keras_acts.export.passes.shapes.symbols import is_generated, is_unnamed


class KeepLoopSizesPass(InPlacePass):
    """Name the sizes of what loops carry, one loop at a time (rule 1)."""

    def __init__(self, *naming: InPlacePass) -> None:
        """Take the passes that infer and name the shapes after a loop."""
        super().__init__()
        self._naming = naming

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 until no loop has a size left to name."""
        modified = False
        while sum(_name(node) for node in model.graph.all_nodes()):
            for value in _values(model):
                _forget_generated(value)
            for naming in self._naming:
                naming(model)
            modified = True
        return PassResult(model, modified)


def _name(node: ir.Node) -> int:
    """Apply rule 1 to a node, and return how many values got new names of sizes."""
    if not node.meta.get(KEEPS_SHAPES):
        return 0
    body = node.attributes["body"].as_graph()
    carried = zip(node.inputs[2:], body.inputs[2:], node.outputs, strict=False)
    return sum(
        _copy_names(value, first)
        for first, *others in carried
        for value in others
        if first is not None
    )


def _copy_names(value: ir.Value, first: ir.Value) -> bool:
    if first.shape is None or value.shape is None:
        return False
    pairs = list(zip(value.shape, first.shape, strict=True))
    sizes = [old if is_unnamed(new) else new for new, old in pairs]
    named = any(is_unnamed(new) and not is_unnamed(old) for new, old in pairs)
    if named:
        value.shape = ir.Shape(sizes)
    return named


def _values(model: ir.Model) -> Iterator[ir.Value]:
    for graph in model.graphs():
        yield from graph.inputs
        for node in graph:
            yield from node.outputs


def _forget_generated(value: ir.Value) -> None:
    if value.shape is not None:
        sizes = [None if is_generated(size) else size for size in value.shape]
        value.shape = ir.Shape(sizes)
