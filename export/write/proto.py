"""Version metadata, and the checked protobuf message."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import onnx
import onnx_ir as ir

from keras_acts._files import LARGEST_PROTO
from keras_acts._version import __version__
from keras_acts.export.metadata import Metadata
from keras_acts.export.write.stream import checked_outline, fill

MAXIMUM_PROTO = LARGEST_PROTO
"""The largest protobuf message in bytes, and so the largest file with its weights."""


def finished(
    model: ir.Model,
    dtype: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> ir.Model:
    """Record in the metadata which versions made the model; no path, time or backend.

    Args:
        model: The converted model.
        dtype: The dtype asked for in place of the Keras model's own; parity expects
            outputs in it.
        metadata: Texts of the user's own, by name.
    """
    model.producer_name = "keras-acts"
    model.producer_version = __version__
    Metadata(version=__version__, keras_version=keras.__version__, dtype=dtype).add_to(
        model
    )
    model.metadata_props.update(metadata or {})
    return model


def weights_size(model: ir.Model) -> int:
    """Return the size of all constants and weights in bytes."""
    tensors = (value.const_value for value in model.graph.initializers.values())
    return sum(tensor.nbytes for tensor in tensors if tensor is not None)


def to_proto(model: ir.Model) -> onnx.ModelProto:
    """Return the checked message of a model that fits into one message.

    Raises:
        GraphError: The checker rejects it.
    """
    return fill(checked_outline(model), model)
