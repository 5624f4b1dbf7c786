"""From a Keras 3 model to an ONNX file that is shown to answer like the model."""

from typing import TYPE_CHECKING

from keras_acts._backend import goes_without_keras

# The command line imports the parts that it needs: some of them without Keras.
if TYPE_CHECKING or not goes_without_keras():
    from keras_acts.export.api import export_model, to_onnx
    from keras_acts.export.builder import GraphBuilder
    from keras_acts.export.convert import register_converter
    from keras_acts.export.errors import (
        ContextError,
        EngineError,
        EngineWarning,
        ExportError,
        GraphError,
        NameClashError,
        NotProvenWarning,
        OpsetError,
        OptionError,
        ParityError,
        SignatureError,
        StatefulLayerError,
        UnsupportedKerasError,
        UnsupportedKerasWarning,
        UnsupportedOperationError,
        WriteError,
    )
    from keras_acts.export.keras2 import load_keras2_model
    from keras_acts.export.parity import ParityReport, verify
    from keras_acts.export.saved_model import (
        SavedModel,
        load_saved_model,
        saved_model_signatures,
    )

__all__ = [
    "ContextError",
    "EngineError",
    "EngineWarning",
    "ExportError",
    "GraphBuilder",
    "GraphError",
    "NameClashError",
    "NotProvenWarning",
    "OpsetError",
    "OptionError",
    "ParityError",
    "ParityReport",
    "SavedModel",
    "SignatureError",
    "StatefulLayerError",
    "UnsupportedKerasError",
    "UnsupportedKerasWarning",
    "UnsupportedOperationError",
    "WriteError",
    "export_model",
    "load_keras2_model",
    "load_saved_model",
    "register_converter",
    "saved_model_signatures",
    "to_onnx",
    "verify",
]
