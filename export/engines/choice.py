"""Chooses the engine that converts a model: the native one or tf2onnx."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from keras_acts.export.engines import native
from keras_acts.export.engines.conversion import Conversion
from keras_acts.export.engines.islands import listed
from keras_acts.export.engines.request import Request
from keras_acts.export.engines.tf2onnx import engine as tf2onnx
from keras_acts.export.errors import EngineError, EngineWarning
from keras_acts.export.metadata import Metadata
from keras_acts.export.saved_model import SavedModel

_ENGINES: dict[str, Callable[[Request], Conversion]] = {
    native.NAME: native.convert,
    tf2onnx.NAME: lambda request: Conversion(tf2onnx.convert(request)),
}
AUTO = "auto"

# Stack levels from the warning up to the caller of `to_onnx` or `export_model`.
_CALLER = 5


def convert(request: Request) -> Conversion:
    """Convert a model, and record the engine in its metadata.

    Args:
        request: The model and the options. The engine is `"native"`, `"tf2onnx"`, or
            `"auto"`: tf2onnx for a SavedModel, else the native one, with islands.

    Raises:
        EngineError: The engine is not installed, or does not take this kind of model.
        UnsupportedOperationError: No requested engine can convert the model.
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
        return _with_engine(_ENGINES[engine](request), engine)
    converted = native.convert(request, islands=True)
    _warn_of_islands(converted)
    return _with_engine(converted, native.NAME)


def _warn_of_islands(converted: Conversion) -> None:
    """Say which layers were left to the exporter of Keras's backend, and why."""
    islands = () if converted.graph is None else converted.graph.islands
    if islands:
        warnings.warn(
            "Layers that call the backend beside `keras.ops` were converted by its own "
            f"exporter: {listed(islands)}. Their operators depend on the backend. "
            f"{islands[0].reason}",
            EngineWarning,
            stacklevel=_CALLER,
        )


def _with_engine(converted: Conversion, engine: str) -> Conversion:
    """Record the engine in the metadata of a converted model."""
    Metadata(engine=engine).add_to(converted.model)
    return converted
