"""From a Keras 3 model to an ONNX file that is shown to answer like the model."""

from keras_acts.export.api import export_model, to_onnx
from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert import register_converter
from keras_acts.export.errors import (
    EngineError,
    ExportError,
    NameClashError,
    OpsetError,
    ParityError,
    SignatureError,
    UnsupportedOperationError,
    WriteError,
)
from keras_acts.export.parity import ParityReport, verify

__all__ = [
    "EngineError",
    "ExportError",
    "GraphBuilder",
    "NameClashError",
    "OpsetError",
    "ParityError",
    "ParityReport",
    "SignatureError",
    "UnsupportedOperationError",
    "WriteError",
    "export_model",
    "register_converter",
    "to_onnx",
    "verify",
]
