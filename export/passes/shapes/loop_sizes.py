"""Let the sizes of what a loop carries on keep their names behind it.

ONNX's shape inference takes it that a Loop may change the shapes of what it carries.
Rule, on a Loop that was made of one that doesn't: what a step gets, and each result,
has the sizes of the value that the first step gets. What follows is inferred anew.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.builder.loops import KEEPS_SHAPES
from keras_acts.export.passes.shapes.symbols import is_made_up


class KeepLoopSizesPass(InPlacePass):
    """Name sizes behind loops, one loop after the other, after shape inference."""

    def __init__(self, *naming: InPlacePass) -> None:
        """Name what follows by passes: shape inference, and rules beside it."""
        super().__init__()
        self._naming = naming

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rule until no loop has a size to name."""
        modified = False
        while sum(_name(node) for node in model.graph.all_nodes()):
            for value in _values(model):
                _forget_made_up(value)
            for naming in self._naming:
                naming(model)
            modified = True
        return PassResult(model, modified)


def _name(node: ir.Node) -> int:
    """Apply the rule, and return how many values have new names of sizes."""
    if not node.meta.get(KEEPS_SHAPES):
        return 0
    body = node.attributes["body"].as_graph()
    carried = zip(node.inputs[2:], body.inputs[2:], node.outputs, strict=False)
    return sum(
        _take_names(value, first)
        for first, *others in carried
        for value in others
        if first is not None
    )


def _take_names(value: ir.Value, first: ir.Value) -> bool:
    if first.shape is None or value.shape is None:
        return False
    pairs = list(zip(value.shape, first.shape, strict=True))
    sizes = [old if _is_unnamed(new) else new for new, old in pairs]
    named = any(_is_unnamed(new) and not _is_unnamed(old) for new, old in pairs)
    if named:
        value.shape = ir.Shape(sizes)
    return named


def _is_unnamed(size: int | ir.SymbolicDim) -> bool:
    return is_made_up(size) or (isinstance(size, ir.SymbolicDim) and size.value is None)


def _values(model: ir.Model) -> Iterator[ir.Value]:
    for graph in model.graphs():
        yield from graph.inputs
        for node in graph:
            yield from node.outputs


def _forget_made_up(value: ir.Value) -> None:
    if value.shape is not None:
        sizes = [None if is_made_up(size) else size for size in value.shape]
        value.shape = ir.Shape(sizes)
