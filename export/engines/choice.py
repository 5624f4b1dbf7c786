"""Which engine converts a model: the native one, or tf2onnx in its place."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from keras_acts.export.engines import native
from keras_acts.export.engines.conversion import Conversion
from keras_acts.export.engines.request import Request
from keras_acts.export.engines.tf2onnx import engine as tf2onnx
from keras_acts.export.errors import (
    EngineError,
    EngineWarning,
    ExportError,
    StatefulLayerError,
    UnsupportedOperationError,
)
from keras_acts.export.metadata import Metadata
from keras_acts.export.saved_model import SavedModel

_ENGINES: dict[str, Callable[[Request], Conversion]] = {
    native.NAME: native.convert,
    tf2onnx.NAME: lambda request: Conversion(tf2onnx.convert(request)),
}
AUTO = "auto"

# From the warning up to the caller of `to_onnx` or `export_model`.
_CALLER = 5


def convert(request: Request) -> Conversion:
    """Convert a model, and note in its metadata which engine did.

    Args:
        request: What to convert, and how. Its engine is `"native"`, `"tf2onnx"`, or
            `"auto"`: the native one if it can.

    Raises:
        EngineError: The engine is not there, or does not take this kind of model.
        UnsupportedOperationError: No engine that was asked for can convert it.
    """
    engine = request.engine
    if isinstance(request.model, SavedModel):
        if engine == native.NAME:
            raise EngineError(
                "A SavedModel holds TensorFlow's operations, not Keras's layers, and "
                f"needs the engine {tf2onnx.NAME!r}. Received: engine={engine!r}"
            )
        engine = tf2onnx.NAME
    if engine != AUTO:
        return _noted(_ENGINES[engine](request), engine)
    try:
        return _noted(native.convert(request), native.NAME)
    except StatefulLayerError:
        # tf2onnx would write a file that forgets the state.
        raise
    except UnsupportedOperationError as error:
        return _noted(_second(request, error), tf2onnx.NAME)


def _second(request: Request, reason: UnsupportedOperationError) -> Conversion:
    try:
        converted = _ENGINES[tf2onnx.NAME](request)
    except ExportError as error:
        raise UnsupportedOperationError(
            f"{reason} The engine {tf2onnx.NAME!r} can't take its place: {error}"
        ) from reason
    warnings.warn(
        f"The model was converted by {tf2onnx.NAME}, since the native engine can't: "
        f"{reason}",
        EngineWarning,
        stacklevel=_CALLER,
    )
    return converted


def _noted(converted: Conversion, engine: str) -> Conversion:
    Metadata(engine=engine).add_to(converted.model)
    return converted
