"""Fold batch normalizations into the convolutions before them.

Rule 1, for a BatchNormalization of the result of a Conv, or of a ConvTranspose with one
group, that nothing else reads: its factor goes into the kernel, and the rest into the
bias. A kernel that another convolution also reads is left alone, since the file would
contain it twice.

Inference then runs the convolution only. The new weights are computed in float64 when
the file is written, and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable

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

_CHANNELS = {"Conv": 0, "ConvTranspose": 1}
"""The axis of the output channels in the kernel."""


class FoldBatchNormsPass(InPlacePass):
    """Fold BatchNormalization into Conv and ConvTranspose (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each BatchNormalization, in graph order."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) != "BatchNormalization":
                continue
            x = node.inputs[0]
            convolution = None if x is None else _convolution(x)
            if x is None or convolution is None or not _has_constant_statistics(node):
                continue
            if node.outputs[0].is_graph_output() and not is_made_in_same_graph(x, node):
                continue
            _fold(model.graph, node, convolution)
            bypass(node, x)
            modified = True
        return PassResult(model, modified)


def _convolution(x: ir.Value) -> ir.Node | None:
    """Return the convolution that makes a value, if its weights are foldable."""
    node = x.producer()
    if node is None or kind(node) not in _CHANNELS or not has_single_use(x):
        return None
    group = node.attributes.get("group")
    if kind(node) == "ConvTranspose" and group is not None and group.as_int() != 1:
        return None
    weights = [one for one in node.inputs[1:] if one is not None]
    foldable = all(_is_float32(one) and has_single_use(one) for one in weights)
    return node if foldable else None


def _has_constant_statistics(node: ir.Node) -> bool:
    """Whether a BatchNormalization uses constant float32 statistics."""
    trains = node.attributes.get("training_mode")
    if trains is not None and trains.as_int() != 0:
        return False
    return len(node.outputs) == 1 and all(
        one is not None and _is_float32(one) for one in node.inputs[1:]
    )


def _is_float32(x: ir.Value) -> bool:
    return x.const_value is not None and x.const_value.dtype == ir.DataType.FLOAT


def _fold(graph: ir.Graph, node: ir.Node, convolution: ir.Node) -> None:
    scale, offset, mean, variance = (
        tensor_of(one) for one in node.inputs[1:] if one is not None
    )
    given = node.attributes.get("epsilon")
    epsilon = 1e-5 if given is None else given.as_float()

    def factor() -> Array:
        total = variance.numpy().astype(np.float64) + epsilon
        return scale.numpy() / np.sqrt(total)

    kernel = convolution.inputs[1]
    assert kernel is not None  # `_convolution` checked it
    rank, axis = len(tensor_of(kernel).shape), _CHANNELS[kind(convolution)]
    broadcast_shape = [-1 if i == axis else 1 for i in range(rank)]

    def new_kernel(w: Array) -> Array:
        return np.asarray(w * factor().reshape(broadcast_shape), np.float32)

    def shifted(bias: Array | float) -> Array:
        shift = (bias - mean.numpy().astype(np.float64)) * factor()
        return np.asarray(shift + offset.numpy(), np.float32)

    _replace(graph, convolution, 1, kernel, new_kernel)
    old = convolution.inputs[2] if len(convolution.inputs) > 2 else None
    if old is not None:
        _replace(graph, convolution, 2, old, shifted)
        return
    source = node.inputs[2]
    assert source is not None  # `_has_constant_statistics` checked it
    convolution.resize_inputs(3)
    _replace(graph, convolution, 2, source, lambda _: shifted(0.0))


def _replace(
    graph: ir.Graph,
    convolution: ir.Node,
    position: int,
    source: ir.Value,
    change: Callable[[Array], Array],
) -> None:
    """Replace an input of a convolution by a weight computed from another."""
    form = WeightForm(change, sizes(tensor_of(source)), ir.DataType.FLOAT)
    name = f"{convolution.name}/folded_{position}"
    convolution.replace_input_with(position, store_weight(graph, source, form, name))
