"""The valid range of integer inputs, such as the vocabulary of an Embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.export.errors import ExportError
from keras_acts.export.parity.reference.keras_calls import all_layers
from keras_acts.export.trace import Graph, Signature, Value, trace

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


def index_limits(model: Any, signature: Signature) -> dict[str, int]:
    """Return the size of the table that each input indexes, by the input's name.

    The model is traced, and each input followed through integer operations to the
    lookup. If the model can't be traced, its smallest table limits every integer
    input.
    """
    tables = [limit for x in all_layers(model) if (limit := _layer_limit(x))]
    integers = [
        s.name for s in signature.inputs if np.dtype(_name(s.dtype)).kind in "iu"
    ]
    if not tables and not integers:
        return {}
    try:
        graph = trace(model, signature, is_leaf=_is_lookup)
    except ExportError:
        return dict.fromkeys(integers, min(tables)) if tables else {}
    found = {name: _table_size(graph, value) for name, value in graph.inputs.items()}
    return {name: limit for name, limit in found.items() if limit is not None}


def _name(dtype: str) -> str:
    return "float32" if dtype in ("bfloat16", "string") else dtype


def _is_lookup(layer: Any, *_call: Any) -> bool:
    return bool(_layer_limit(layer))


def _layer_limit(layer: Any) -> int | None:
    for kind, attribute in _LAYERS.items():
        if isinstance(layer, kind):
            return int(getattr(layer, attribute))
    return None


def _table_size(graph: Graph, value: Value) -> int | None:
    """Return the size of the smallest table that a value or its integers index."""
    reached = {id(value)}
    limits: list[int] = []
    for node in graph.nodes:
        operands = keras.tree.flatten([node.args, node.kwargs])
        if not any(id(one) in reached for one in operands):
            continue
        limit = _layer_limit(node.operation)
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
