"""Why a layer can't be traced: where it stands, what it called, and what to do."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Sequence
from typing import Any

from keras_acts.export.errors import (
    ExportError,
    StatefulLayerError,
    UnsupportedOperationError,
    brief,
)
from keras_acts.export.trace.handlers import layer_calls


def untraceable(
    scope: Sequence[str], layer: Any, kwargs: Any, error: Exception
) -> ExportError:
    """Return the error that a failed call of a layer is for the user.

    Args:
        scope: The names of the layers around it, and its own.
        layer: The layer.
        kwargs: The keyword arguments of the call.
        error: What the call raised.
    """
    if isinstance(error, ExportError):
        return error
    if kwargs.get("training"):
        reason = (
            "is called with training=True, which an exported model is not. Call it "
            "without, or register a converter"
        )
    else:
        reason = (
            f"can't be traced: its `call` does something {_at(layer, error)}that works "
            "on values only, such as a call of the backend beside `keras.ops`. Write "
            "it in `keras.ops`, or register a converter"
        )
    return UnsupportedOperationError(
        f"{_place(scope, layer)} {reason} with "
        f"`keras_acts.export.register_converter`. Received: {brief(error)}"
    )


def stateful(scope: Sequence[str], layer: Any) -> StatefulLayerError:
    """Return the error that a layer is which keeps its state between calls."""
    return StatefulLayerError(
        f"{_place(scope, layer)} is stateful: its state lives on between calls, which "
        "an ONNX model has no place for. Build it with `return_state=True`, and feed "
        "the states back as its `initial_state`. Received: stateful=True"
    )


def _place(scope: Sequence[str], layer: Any) -> str:
    return f"Layer {'/'.join(scope)} (of type {type(layer).__name__})"


def _at(layer: Any, error: Exception) -> str:
    """Return the expression in the layer's own file that failed, if it is known."""
    call: Any = getattr(layer_calls.inner_call(layer), "__func__", None)
    while hasattr(call, "__wrapped__"):
        call = call.__wrapped__
    code = getattr(call, "__code__", None)
    if code is None:
        return ""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == code.co_filename
    ]
    return f"at `{_expression(frames[-1])}` " if frames else ""


def _expression(frame: traceback.FrameSummary) -> str:
    line = linecache.getline(frame.filename, frame.lineno or 0)
    if frame.lineno == frame.end_lineno:
        # Columns count bytes.
        part = line.encode()[frame.colno : frame.end_colno].decode(errors="ignore")
        return part.strip() or frame.name
    return line.strip() or frame.name


def of_another_graph(tensor: Any) -> UnsupportedOperationError:
    """Say that a symbol is no tensor of this trace."""
    return UnsupportedOperationError(
        "A tensor is used that belongs to the building of a Functional model, as in a "
        "function given to `keras.ops.map` there. It has no value when the model is "
        "called, in Keras neither: give it to the function as an argument. "
        f"Received: {tensor}"
    )
