"""Errors for layers that can't be traced: which one, where it failed, what to do."""

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
from keras_acts.export.trace.python_code.errors import (
    BranchingError,
    UnknownValueError,
)


def untraceable(
    scope: Sequence[str], layer: Any, kwargs: Any, error: Exception
) -> ExportError:
    """Return the error to raise for a failed call of a layer.

    Args:
        scope: The names of the layers around it, and its own.
        layer: The layer.
        kwargs: The keyword arguments of the call.
        error: What the call raised.
    """
    if isinstance(error, BranchingError):
        return UnsupportedOperationError(
            f"{_location(scope, layer)} {error.problem}. Received: {error.received}"
        )
    if isinstance(error, ExportError):
        return error
    if kwargs.get("training"):
        reason = (
            "is called with training=True, and what it does then can't be traced. "
            "Call it without, or register a converter"
        )
    elif isinstance(error, UnknownValueError):
        return UnsupportedOperationError(
            f"{_location(scope, layer)} can't be traced {_at(layer, error)}as it is. "
            f"{error.problem}. Received: {error.received}"
        )
    else:
        reason = (
            f"can't be traced: its `call` does something {_at(layer, error)}that works "
            "on values only, such as calling the backend without `keras.ops`. Write it "
            "with `keras.ops`, or register a converter"
        )
    return UnsupportedOperationError(
        f"{_location(scope, layer)} {reason} with "
        f"`keras_acts.export.register_converter`. Received: {brief(error)}"
    )


def stateful(scope: Sequence[str], layer: Any) -> StatefulLayerError:
    """Return the error for a layer that keeps its state between calls."""
    return StatefulLayerError(
        f"{_location(scope, layer)} is stateful: it keeps its state between calls, "
        "which an ONNX model can't. Build it with `return_state=True`, and feed "
        "the states back as its `initial_state`. Received: stateful=True"
    )


def _location(scope: Sequence[str], layer: Any) -> str:
    return f"Layer {'/'.join(scope)} (of type {type(layer).__name__})"


def _at(layer: Any, error: Exception) -> str:
    """Return the expression in the layer's source that failed, if it is known."""
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
    """Return the source of the expression that a frame evaluates."""
    line = linecache.getline(frame.filename, frame.lineno or 0)
    if frame.lineno == frame.end_lineno:
        # Columns are offsets in bytes.
        part = line.encode()[frame.colno : frame.end_colno].decode(errors="ignore")
        return part.strip() or frame.name
    return line.strip() or frame.name


def of_another_graph(tensor: Any) -> UnsupportedOperationError:
    """Return the error for a symbolic tensor that isn't part of this trace."""
    return UnsupportedOperationError(
        "The model uses a symbolic tensor from the construction of a Functional model, "
        "such as in a function given to `keras.ops.map` there. It has no value when "
        "the model is called, not in Keras either: pass it to the function as an "
        "argument. "
        f"Received: {tensor}"
    )
