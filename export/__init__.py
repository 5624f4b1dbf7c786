"""From a Keras 3 model to an ONNX file that is shown to answer like the model."""

from typing import TYPE_CHECKING

from keras_acts._backend import explained, imports_keras_later

# The command line imports the parts that it needs: some of them without Keras.
if TYPE_CHECKING or not imports_keras_later():
    with explained():
        import keras  # noqa: F401 - where it can't be, this says why

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
        QuantizationWarning,
        SignatureError,
        StatefulLayerError,
        UnsupportedKerasError,
        UnsupportedKerasWarning,
        UnsupportedOperationError,
        WriteError,
    )
    from keras_acts.export.generation import Generator, export_generator
    from keras_acts.export.keras2 import load_keras2_model
    from keras_acts.export.parity import ParityReport, verify
    from keras_acts.export.quantization import QuantizationReport, quantize
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
    "Generator",
    "GraphBuilder",
    "GraphError",
    "NameClashError",
    "NotProvenWarning",
    "OpsetError",
    "OptionError",
    "ParityError",
    "ParityReport",
    "QuantizationReport",
    "QuantizationWarning",
    "SavedModel",
    "SignatureError",
    "StatefulLayerError",
    "UnsupportedKerasError",
    "UnsupportedKerasWarning",
    "UnsupportedOperationError",
    "WriteError",
    "export_generator",
    "export_model",
    "load_keras2_model",
    "load_saved_model",
    "quantize",
    "register_converter",
    "saved_model_signatures",
    "to_onnx",
    "verify",
]
