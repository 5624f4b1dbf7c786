"""Fold batch normalizations into the convolutions before them.

Rule, on a BatchNormalization of the result of a Conv, or of a ConvTranspose of one
group, that nothing else reads: its factor goes into the kernel, the rest into the bias.
A kernel that another convolution reads too stays: the file would hold it twice.

What an inference computes is then the convolution alone. The new weights are computed
in float64 when the file is written, and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import bypass, is_made_beside, is_sole_use
from keras_acts.export.passes.weights import Array, Stored, sizes, stored, tensor_of

_CHANNELS = {"Conv": 0, "ConvTranspose": 1}
"""The axis of the kernel that holds the output channels."""


class FoldBatchNormsPass(InPlacePass):
    """Fold batch normalizations into convolutions."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rule to each node, in order."""
        modified = False
        for node in model.graph.all_nodes():
            if node.op_type != "BatchNormalization":
                continue
            x = node.inputs[0]
            convolution = None if x is None else _convolution(x)
            if x is None or convolution is None or not _is_known(node):
                continue
            if node.outputs[0].is_graph_output() and not is_made_beside(x, node):
                continue
            _fold(model.graph, node, convolution)
            bypass(node, x)
            modified = True
        return PassResult(model, modified)


def _convolution(x: ir.Value) -> ir.Node | None:
    """Return the convolution, of known weights in float32, that alone made a value."""
    node = x.producer()
    if node is None or node.op_type not in _CHANNELS or not is_sole_use(x):
        return None
    group = node.attributes.get("group")
    if node.op_type == "ConvTranspose" and group is not None and group.as_int() != 1:
        return None
    weights = [one for one in node.inputs[1:] if one is not None]
    alone = all(_is_single(one) and is_sole_use(one) for one in weights)
    return node if alone else None


def _is_known(node: ir.Node) -> bool:
    """Whether it normalizes by given statistics in float32, and computes no others."""
    return len(node.outputs) == 1 and all(
        one is not None and _is_single(one) for one in node.inputs[1:]
    )


def _is_single(x: ir.Value) -> bool:
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
    assert kernel is not None  # `_convolution` looked at it
    rank, axis = len(tensor_of(kernel).shape), _CHANNELS[convolution.op_type]
    along = [-1 if i == axis else 1 for i in range(rank)]

    def new_kernel(w: Array) -> Array:
        return np.asarray(w * factor().reshape(along), np.float32)

    def shifted(bias: Array | float) -> Array:
        shift = (bias - mean.numpy().astype(np.float64)) * factor()
        return np.asarray(shift + offset.numpy(), np.float32)

    _replace(graph, convolution, 1, kernel, new_kernel)
    old = convolution.inputs[2] if len(convolution.inputs) > 2 else None
    if old is not None:
        _replace(graph, convolution, 2, old, shifted)
        return
    source = node.inputs[2]
    assert source is not None  # `_is_known` looked at it
    convolution.resize_inputs(3)
    _replace(graph, convolution, 2, source, lambda _: shifted(0.0))


def _replace(
    graph: ir.Graph,
    convolution: ir.Node,
    position: int,
    source: ir.Value,
    change: Callable[[Array], Array],
) -> None:
    """Let a convolution read a weight that is made of another."""
    form = Stored(change, sizes(tensor_of(source)), ir.DataType.FLOAT)
    name = f"{convolution.name}/folded_{position}"
    convolution.replace_input_with(position, stored(graph, source, form, name))
