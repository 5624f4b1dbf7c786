"""Fold layout into weights: a weight is stored as its operator reads it.

Rules, on a node whose first input is a weight or a constant:

1. Transpose: it is stored with its axes permuted;
2. Reshape to a constant shape: it is stored in that shape;
3. Cast: it is stored in that type, but for integers of a quantized layer, which the
   file keeps in their eight bits;
4. a matrix that another operator reads as it is, such as an embedding that is tied to
   the output, is stored once: its Transpose stays, for the runtime to do when it loads.

Weights stay lazy: nothing is computed before the file is written. Nodes that do the
same to the same weight, as in a layer that is called twice, share one result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.builder.arrays import converted
from keras_acts.export.passes.nodes import remove

Array = np.ndarray[Any, Any]

_BYTES = (ir.DataType.INT8, ir.DataType.UINT8)


@dataclass(frozen=True)
class Stored:
    """How a weight is stored: what is done to it, and its shape and type then."""

    change: Callable[[Array], Array]
    shape: tuple[int, ...]
    dtype: ir.DataType


def stored(
    graph: ir.Graph, weight: ir.Value, form: Stored, fallback_name: str
) -> ir.Value:
    """Add a weight in another form to a graph.

    Args:
        graph: The main graph, of which `weight` is an initializer.
        weight: The weight as it is.
        form: The form to store it in.
        fallback_name: Its name where `weight` stays because of other uses.
    """
    name = weight.name or fallback_name
    if len(weight.uses()) > 1 or weight.is_graph_output():
        name = fallback_name
    else:
        del graph.initializers[name]
    source = tensor_of(weight)

    def read() -> ir.TensorProtocol:
        array = np.ascontiguousarray(form.change(source.numpy()))
        return ir.tensor(array, form.dtype, name)

    shape = ir.Shape(form.shape)
    tensor = ir.LazyTensor(read, form.dtype, shape, name=name)
    value = ir.Value(
        name=name, shape=shape, type=ir.TensorType(form.dtype), const_value=tensor
    )
    graph.register_initializer(value)
    return value


def constant(graph: ir.Graph, array: Array, name: str) -> ir.Value:
    """Add numbers to a graph as an initializer."""
    tensor = ir.tensor(array, name=name)
    value = ir.Value(
        name=name,
        shape=ir.Shape(array.shape),
        type=ir.TensorType(tensor.dtype),
        const_value=tensor,
    )
    graph.register_initializer(value)
    return value


def tensor_of(weight: ir.Value) -> ir.TensorProtocol:
    """Return the numbers of a weight or constant."""
    if weight.const_value is None:
        raise ValueError(f"{weight.name} is neither a weight nor a constant.")
    return weight.const_value


def sizes(tensor: ir.TensorProtocol) -> tuple[int, ...]:
    """Return the sizes of a weight or constant, all of them known."""
    return tuple(size for size in tensor.shape if isinstance(size, int))


class FoldWeightsPass(InPlacePass):
    """Store weights as their operators read them."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules to each node, in order, so that chains fold whole."""
        done: dict[tuple[Any, ...], ir.Value] = {}
        modified = False
        for node in model.graph.all_nodes():
            form = _form(node)
            weight = node.inputs[0] if node.inputs else None
            if form is None or weight is None:
                continue
            result = node.outputs[0]
            key = (weight, str(node.attributes), form.shape, form.dtype)
            if key not in done:
                done[key] = stored(model.graph, weight, form, result.name or "weight")
            ir.convenience.replace_all_uses_with(result, done[key])
            remove(node)
            modified = True
        return PassResult(model, modified)


def _form(node: ir.Node) -> Stored | None:
    """Return the form in which a node makes a weight, or None for any other node."""
    rule = _RULES.get(node.op_type)
    weight = node.inputs[0] if node.inputs else None
    if rule is None or weight is None or weight.const_value is None:
        return None
    return None if node.outputs[0].is_graph_output() else rule(node, weight.const_value)


def _transpose(node: ir.Node, tensor: ir.TensorProtocol) -> Stored | None:
    uses = node.inputs[0].uses() if node.inputs[0] is not None else ()
    if len(sizes(tensor)) == 2 and any(x.node.op_type not in _RULES for x in uses):
        return None  # Rule 4
    permutation = tuple(node.attributes["perm"].as_ints())
    shape = tuple(sizes(tensor)[axis] for axis in permutation)
    return Stored(lambda x: x.transpose(permutation), shape, tensor.dtype)


def _reshape(node: ir.Node, tensor: ir.TensorProtocol) -> Stored | None:
    target = node.inputs[1]
    if target is None or target.const_value is None:
        return None
    wanted = [int(size) for size in target.const_value.numpy()]
    shape = [sizes(tensor)[i] if size == 0 else size for i, size in enumerate(wanted)]
    if -1 in shape:
        rest = -int(np.prod(shape))
        shape[shape.index(-1)] = tensor.size // rest if rest else 0
    final = tuple(shape)
    return Stored(lambda x: x.reshape(final), final, tensor.dtype)


def _cast(node: ir.Node, tensor: ir.TensorProtocol) -> Stored | None:
    dtype = ir.DataType(node.attributes["to"].as_int())
    if tensor.dtype in _BYTES and dtype.bitwidth > tensor.dtype.bitwidth:
        return None
    return Stored(lambda x: converted(x, dtype), sizes(tensor), dtype)


_RULES: dict[str, Callable[[ir.Node, ir.TensorProtocol], Stored | None]] = {
    "Cast": _cast,
    "Reshape": _reshape,
    "Transpose": _transpose,
}
