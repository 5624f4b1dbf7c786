"""Turn means over all spatial axes into GlobalAveragePool.

onnxruntime keeps images in blocked layout between convolutions. GlobalAveragePool reads
the blocks; a ReduceMean forces a conversion. Rules, for a float32 ReduceMean over all
axes but batch and channels of the result of a convolution or pooling, optionally with
layout-agnostic operators between them:

1. it keeps the axes: it becomes a GlobalAveragePool;
2. it drops them: a Flatten follows;
3. it drops them, and its only reader is a Reshape that restores them: as rule 1.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.layout.movable import (
    data_inputs,
    is_movable,
    keeps_axes,
    reduced_axes,
)
from keras_acts.export.passes.nodes import (
    graph_of,
    has_single_use,
    keeps_zeros,
    kind,
    remove,
)
from keras_acts.export.passes.weights import tensor_of

_OVER_IMAGES = ("AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "MaxPool")


class UseGlobalPoolsPass(InPlacePass):
    """Replace ReduceMean over the spatial axes by GlobalAveragePool (rules 1 to 3)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each ReduceMean; shapes must have been inferred."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) == "ReduceMean" and _is_over_images(node):
                _pool(node)
                modified = True
        return PassResult(model, modified)


def _is_over_images(node: ir.Node) -> bool:
    x, axes = node.inputs[0], reduced_axes(node)
    if x is None or axes is None or x.shape is None or x.dtype != ir.DataType.FLOAT:
        return False
    rank = len(x.shape)
    spatial = list(range(2, rank))
    if not spatial or sorted(axis % rank for axis in axes) != spatial:
        return False
    return _is_image(x)


def _is_image(x: ir.Value) -> bool:
    """Whether a value comes from a convolution or pooling, channels first."""
    pending, visited = [x], {x}
    while pending:
        node = pending.pop().producer()
        if node is None:
            continue
        if kind(node) in _OVER_IMAGES:
            return True
        if is_movable(node):
            read = [node.inputs[i] for i in data_inputs(node)]
            new = [one for one in read if one is not None and one not in visited]
            visited.update(new)
            pending += new
    return False


def _pool(node: ir.Node) -> None:
    x, mean = node.inputs[0], node.outputs[0]
    assert x is not None  # `_is_over_images` checked it
    assert x.shape is not None
    pool = ir.node("GlobalAveragePool", [x], name=node.name)
    y = pool.outputs[0]
    y.type = mean.type
    y.shape = ir.Shape([*x.shape[:2], *[1] * (len(x.shape) - 2)])
    graph_of(node).insert_before(node, pool)
    if keeps_axes(node):  # Rule 1: the axes stay
        _replace(y, mean)
    elif (back := _reshape_back(mean, y)) is not None:  # Rule 3: they are restored
        _replace(y, back.outputs[0])
        remove(back)
    else:  # Rule 2: the axes go
        y.name = f"{mean.name}/kept"
        flat = ir.node("Flatten", [y], {"axis": 1}, name=f"{node.name}/flat")
        flat.outputs[0].type, flat.outputs[0].shape = mean.type, mean.shape
        graph_of(node).insert_before(node, flat)
        _replace(flat.outputs[0], mean)
    remove(node)


def _reshape_back(mean: ir.Value, pooled: ir.Value) -> ir.Node | None:
    """Return the only reader of a mean if it is a Reshape that restores the axes."""
    if not has_single_use(mean) or pooled.shape is None:
        return None
    (use,) = mean.uses()
    target = use.node.inputs[1] if kind(use.node) == "Reshape" else None
    if target is None or target.const_value is None or use.node.graph is not mean.graph:
        return None
    if keeps_zeros(use.node):
        return None
    batch, *others = (int(size) for size in tensor_of(target).numpy())
    wanted = list(pooled.shape[1:])
    return use.node if batch in (0, -1) and others == wanted else None


def _replace(new: ir.Value, old: ir.Value) -> None:
    """Replace a value by another, which takes over its name."""
    ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=True)
    new.name, old.name = old.name, None
