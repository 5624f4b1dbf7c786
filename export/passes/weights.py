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

Array = np.ndarray[Any, Any]


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
