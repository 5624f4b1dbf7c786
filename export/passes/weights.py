"""Weights and constants of a graph, and weights stored in another form.

Weights stay lazy: nothing is computed before the file is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class WeightForm:
    """The form in which a weight is stored: a function of it, its shape and dtype."""

    change: Callable[[Array], Array]
    shape: tuple[int, ...]
    dtype: ir.DataType


def store_weight(
    graph: ir.Graph, weight: ir.Value, form: WeightForm, fallback_name: str
) -> ir.Value:
    """Add a weight to a graph in another form.

    Args:
        graph: The main graph, of which `weight` is an initializer.
        weight: The weight as it is.
        form: The form to store it in.
        fallback_name: Its name if `weight` stays because of other uses.
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
    """Add an array to a graph as an initializer."""
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
    """Return the tensor of a weight or constant."""
    if weight.const_value is None:
        raise ValueError(
            f"A value must be a weight or a constant. Received: {weight.name!r}"
        )
    return weight.const_value


def sizes(tensor: ir.TensorProtocol) -> tuple[int, ...]:
    """Return the shape of a weight or constant, which is always static."""
    return tuple(size for size in tensor.shape if isinstance(size, int))
