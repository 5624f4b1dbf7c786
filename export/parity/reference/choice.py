"""Choose the reference for a model."""

from __future__ import annotations

import os
from typing import Any

import onnx

from keras_acts.export.errors import SignatureError
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.base import Reference
from keras_acts.export.parity.reference.keras_model import KerasReference
from keras_acts.export.parity.reference.onnx_file import OnnxReference
from keras_acts.export.parity.reference.saved_model import SavedModelReference
from keras_acts.export.saved_model import SavedModel
from keras_acts.export.trace import Graph, model_of, model_signature


def reference_of(
    model: Any, input_signature: Any = None, graph: Graph | None = None
) -> Reference:
    """Return the reference for a Keras model, a SavedModel or an ONNX model.

    Args:
        model: The model, a layer, or a function of layers; an ONNX model is one, as
            path, bytes or in memory.
        input_signature: Its inputs, in place of its own.
        graph: Its trace, where there is one already.

    Raises:
        SignatureError: The model's inputs are unknown, or `input_signature` is given
            for a SavedModel.
    """
    if isinstance(model, str | os.PathLike | bytes | onnx.ModelProto):
        return OnnxReference(OnnxModel.read(model))
    model = model_of(model)
    if not isinstance(model, SavedModel):
        signature = model_signature(model, input_signature)
        return KerasReference(model, signature, graph)
    if input_signature is not None:
        raise SignatureError(
            "A SavedModel has a signature of its own. "
            f"Received: input_signature={input_signature!r}"
        )
    return SavedModelReference(model)
