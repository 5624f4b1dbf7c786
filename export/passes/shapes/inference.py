"""Infers the types and sizes of all values, by ONNX's shape inference.

onnx-ir's pass logs an error with its traceback and leaves the model unchanged; this one
raises the error.

1. Small constants are passed with their values, since shapes depend on them; other
   weights with their types and shapes only.
2. What is inferred replaces what was known, in subgraphs too.
3. As onnx-ir's pass does, large weights move behind the other initializers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import onnx
import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

_LARGE = 1000
"""Tensors with more bytes are data: no shape depends on their values."""


class InferShapesPass(InPlacePass):
    """Set the types and sizes that ONNX infers (rules 1 to 3)."""

    def __init__(self, *, strict: bool = True) -> None:
        """Raise an error where inference fails, or skip such values if not strict."""
        super().__init__()
        self._strict = strict

    def call(self, model: ir.Model) -> PassResult:
        """Apply rules 1 to 3 to the whole model.

        Raises:
            onnx.shape_inference.InferenceError: Types or shapes are inconsistent.
        """
        known = [ir.serde.serialize_value(x) for x in model.graph.initializers.values()]
        with _without_data(model.graph):
            proto = ir.to_proto(model)
        proto.graph.input.extend(known)
        inferred = ir.from_proto(
            onnx.shape_inference.infer_shapes(
                proto,
                check_type=self._strict,
                strict_mode=self._strict,
                data_prop=True,
            )
        )
        assert isinstance(inferred, ir.Model)
        modified = False
        for ours, theirs in zip(model.graphs(), inferred.graphs(), strict=True):
            modified |= _note(ours, theirs)
        return PassResult(model, modified)


@contextlib.contextmanager
def _without_data(graph: ir.Graph) -> Iterator[None]:
    """Remove large tensors from a graph, and put them back behind the others."""
    large = [
        value
        for value in graph.initializers.values()
        if value.const_value is not None and value.const_value.nbytes > _LARGE
    ]
    for value in large:
        assert value.name is not None
        graph.initializers.pop(value.name)
    try:
        yield
    finally:
        for value in large:
            graph.register_initializer(value)


def _note(graph: ir.Graph, inferred: ir.Graph) -> bool:
    """Set types and sizes by the names of values, and return whether any changed."""
    found = ir.convenience.create_value_mapping(inferred)
    modified = False
    for name, value in ir.convenience.create_value_mapping(graph).items():
        new = found.get(name)
        if new is None:
            continue
        if new.shape is not None and new.shape != value.shape:
            value.shape = new.shape
            modified = True
        if new.dtype is not None and new.dtype != value.dtype:
            value.dtype = new.dtype
            modified = True
    return modified
