"""The maker noted in a model, and the checked protobuf message."""

from __future__ import annotations

import keras
import onnx
import onnx_ir as ir

from keras_acts._version import __version__
from keras_acts.export.metadata import Metadata
from keras_acts.export.write.stream import checked_outline, fill

MAXIMUM_PROTO = 2**31 - 1
"""The most bytes of a protobuf message, and so of a file with its weights in it: 2 GB,
less one."""


def finished(model: ir.Model, dtype: str | None = None) -> ir.Model:
    """Note in the model who made it: versions, no path, no time, no backend.

    Args:
        model: The converted model.
        dtype: The dtype that was asked for in place of the Keras model's own; parity
            then expects it of the outputs.
    """
    model.producer_name = "keras-acts"
    model.producer_version = __version__
    Metadata(version=__version__, keras_version=keras.__version__, dtype=dtype).add_to(
        model
    )
    return model


def weights_size(model: ir.Model) -> int:
    """Return the bytes of all constants and weights."""
    tensors = (value.const_value for value in model.graph.initializers.values())
    return sum(tensor.nbytes for tensor in tensors if tensor is not None)


def to_proto(model: ir.Model) -> onnx.ModelProto:
    """Return a model that fits into one message, checked.

    Raises:
        ExportError: The checker refuses it, which is a defect of the exporter.
    """
    return fill(checked_outline(model), model)
