"""The valid range of integer inputs, such as the vocabulary of an Embedding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.export.errors import ExportError
from keras_acts.export.parity.reference.keras_calls import all_layers
from keras_acts.export.trace import Graph, LayerRecord, Node, Signature, Value, trace
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.kinds import LAYER

DEFAULT_LIMIT = 10
"""Integers that index no table are drawn from 0 to 9."""

_LAYERS: Mapping[type[Any], str] = {
    keras.layers.Embedding: "input_dim",
    keras.layers.CategoryEncoding: "num_tokens",
}
_OPERATIONS: Mapping[str, str] = {"nn.OneHot": "num_classes"}

_PASS_THROUGH = {
    "core.Cast",
    "core.ConvertToTensor",
    "numpy.ExpandDims",
    "numpy.GetItem",
    "numpy.Reshape",
    "numpy.Squeeze",
    "numpy.Transpose",
}


def index_limits(
    model: Any, signature: Signature, graph: Graph | None = None
) -> dict[str, int]:
    """Return the size of the table that each input indexes, by the input's name.

    Each input is followed in the model's trace through integer operations to the
    lookup. If the model can't be traced, its smallest table limits every integer
    input.

    Args:
        model: The model.
        signature: Its inputs.
        graph: Its trace, in which the inputs may have other names; made here for None.
    """
    tables = [limit for x in all_layers(model) if (limit := _layer_limit(x))]
    integers = [
        s.name for s in signature.inputs if np.dtype(_name(s.dtype)).kind in "iu"
    ]
    if not tables and not integers:
        return {}
    try:
        graph = graph or trace(model, signature, record_of=_record_of)
    except ExportError:
        return dict.fromkeys(integers, min(tables)) if tables else {}
    names = [spec.name for spec in signature.inputs]
    values = zip(names, graph.inputs.values(), strict=True)
    found = {name: _table_size(graph, value) for name, value in values}
    return {name: limit for name, limit in found.items() if limit is not None}


def _name(dtype: str) -> str:
    return "float32" if dtype in ("bfloat16", "string") else dtype


def _record_of(layer: Any, *_call: Any) -> LayerRecord:
    return LayerRecord.NODE if _layer_limit(layer) else LayerRecord.OPERATIONS


def _layer_limit(layer: Any) -> int | None:
    for kind, attribute in _LAYERS.items():
        if isinstance(layer, kind):
            return int(getattr(layer, attribute))
    return None


def _node_limit(node: Node) -> int | None:
    """Return the size of the table in the layer around an operation.

    For a layer that is one node, the smallest table inside: nothing is known of which
    of its inputs index which.
    """
    if node.kind != LAYER or node.body is not None:
        return _layer_limit(node.layer)
    limits = map(_layer_limit, _within(node.layer))
    return min((limit for limit in limits if limit), default=None)


def _within(layer: Any) -> Iterator[Any]:
    yield layer
    for inner in reads.inner_layers(layer):
        yield from _within(inner)


def _table_size(graph: Graph, value: Value) -> int | None:
    """Return the size of the smallest table that a value or its integers index."""
    reached = {id(value)}
    limits: list[int] = []
    for node in graph.nodes:
        operands = keras.tree.flatten([node.args, node.kwargs])
        if not any(id(one) in reached for one in operands):
            continue
        limit = _node_limit(node)
        if limit is None and node.kind in _OPERATIONS:
            limit = int(getattr(node.operation, _OPERATIONS[node.kind]))
        if limit is not None:
            limits.append(limit)
        elif node.kind in _PASS_THROUGH or _returns_integers(node.outputs):
            reached |= {id(one) for one in keras.tree.flatten(node.outputs)}
    return min(limits, default=None)


def _returns_integers(outputs: Any) -> bool:
    values = [one for one in keras.tree.flatten(outputs) if isinstance(one, Value)]
    return all("int" in one.dtype for one in values)
