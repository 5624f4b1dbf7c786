"""What is said of a conversion that fails: where, and whose converter it was."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from keras_acts.export.builder.inference import fits
from keras_acts.export.convert.registry import Converter
from keras_acts.export.convert.unsupported import UNSUPPORTED
from keras_acts.export.errors import ExportError, UnsupportedOperationError
from keras_acts.export.trace import Node, Value
from keras_acts.export.trace.kinds import ISLAND


def layer_path(node: Node) -> str:
    """Return the path of the layer that a node is in."""
    return "/".join(node.scope) or "the model"


def located(error: ExportError, node: Node, author: str | None) -> ExportError:
    """Note in an error the layer that another exporter may convert in our place.

    There is none where a registered converter failed, or that exporter did.
    """
    theirs = author is not None or node.kind == ISLAND
    if isinstance(error, UnsupportedOperationError) and not theirs:
        error.layer = node.layer
    return error


def author_of(node: Node, converter: Converter) -> str | None:
    """Name a converter that was registered for a layer, None for one of our own."""
    if (getattr(converter, "__module__", None) or "").startswith("keras_acts."):
        return None
    name = getattr(converter, "__name__", type(converter).__name__)
    return f"the converter `{name}` registered for {type(node.operation).__name__}"


def check_result(value: Any, spec: Value) -> None:
    """Refuse what a registered converter can't return for a value of the call."""
    if not isinstance(value, ir.Value):
        raise UnsupportedOperationError(
            "A converter returns ONNX values, as the methods of `g` do. "
            f"Received: {value!r}"
        )
    if value.shape is not None and not fits(value.shape, spec.shape):
        raise UnsupportedOperationError(
            f"It must return the shape that the layer says it returns, {spec.shape}. "
            f"Received: {value.name} of the shape {value.shape}"
        )


def failure(node: Node, author: str | None, error: Exception) -> str:
    """Say that a converter raised an error of Python's own."""
    received = f"Received: {type(error).__name__}: {error}"
    if author is not None:
        return f"{layer_path(node)}: {author} failed. {received}"
    return (
        f"{layer_path(node)}: the converter of {type(node.operation).__name__} has no "
        f"form for this use of it. {received}"
    )


def no_converter(node: Node) -> str:
    """Say why an operation has no converter, and what to do instead."""
    reason = UNSUPPORTED.get(node.kind, "it has no converter")
    return (
        f"Layer {layer_path(node)} calls the operation {node.kind}: {reason}. "
        "Write the layer with other operations, or register a converter for "
        "the layer with `keras_acts.export.register_converter`. "
        f"Received: {node.kind}"
    )
