"""Fuse the addition of a bias into the convolution before it.

Rule 1, for an Add of a weight whose only size above 1 is the number of channels, to the
result of a Conv or ConvTranspose without a bias that nothing else reads, optionally
with a Transpose between: the weight becomes the third input of the convolution.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import (
    bypass,
    has_single_use,
    is_made_in_same_graph,
    kind,
    permutation,
)
from keras_acts.export.passes.weights import WeightForm, sizes, store_weight, tensor_of

_CONVOLUTIONS = ("Conv", "ConvTranspose")


class FuseBiasesPass(InPlacePass):
    """Fuse the Add of a bias into Conv and ConvTranspose (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each Add, in graph order."""
        modified = False
        biases: dict[ir.Value, ir.Value] = {}
        for node in model.graph.all_nodes():
            if kind(node) != "Add":
                continue
            x, bias = node.inputs
            if x is None or bias is None or bias.const_value is None:
                continue
            found = _convolution(x)
            if found is None or not _is_bias(bias, *found):
                continue
            if node.outputs[0].is_graph_output() and not is_made_in_same_graph(x, node):
                continue
            _fuse(model.graph, node, found[0], bias, biases)
            bypass(node, x)
            modified = True
        return PassResult(model, modified)


def _convolution(x: ir.Value) -> tuple[ir.Node, int] | None:
    """Return the convolution that makes a value, and the value's channel axis."""
    node, axis = x.producer(), 1
    if node is not None and kind(node) == "Transpose" and has_single_use(x):
        axes = permutation(node)
        if axes is None:
            return None
        axis = axes.index(1)
        x = node.inputs[0] or x
        node = x.producer()
    if node is None or kind(node) not in _CONVOLUTIONS or not has_single_use(x):
        return None
    return None if len(node.inputs) > 2 else (node, axis)


def _is_bias(bias: ir.Value, convolution: ir.Node, axis: int) -> bool:
    weight = convolution.inputs[1]
    if weight is None or weight.shape is None or weight.const_value is None:
        return False
    shape, kernel = sizes(tensor_of(bias)), sizes(tensor_of(weight))
    if kind(convolution) == "Conv":
        channels = kernel[0]
    else:
        group = convolution.attributes.get("group")
        channels = kernel[1] * (1 if group is None else group.as_int())
    aligned = (1,) * (len(kernel) - len(shape)) + shape
    wanted = [channels if i == axis else 1 for i in range(len(kernel))]
    return list(aligned) == wanted


def _fuse(
    graph: ir.Graph,
    add: ir.Node,
    convolution: ir.Node,
    bias: ir.Value,
    biases: dict[ir.Value, ir.Value],
) -> None:
    """Add the bias to a convolution; calls of one layer share the vector."""
    dtype = tensor_of(bias).dtype
    count = tensor_of(bias).size
    if sizes(tensor_of(bias)) == (count,):
        biases[bias] = bias
    if bias not in biases:
        form = WeightForm(lambda x: x.reshape(-1), (count,), dtype)
        biases[bias] = store_weight(graph, bias, form, f"{convolution.name}/bias")
    add.replace_input_with(1, None)
    convolution.resize_inputs(3)
    convolution.replace_input_with(2, biases[bias])
