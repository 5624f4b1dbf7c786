"""What a file says of its own making: every key of its metadata, written and read.

No path, no time and no backend are among them, so that equal models are equal files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import onnx
import onnx_ir as ir

_KEY = "key"


def _key(name: str) -> str | None:
    """Declare a field that stands in a file under a key, and is left out for None."""
    return field(default=None, metadata={_KEY: name})


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a file says of its making; None for what it does not say.

    Attributes:
        in_float32: The operators that compute narrower floats in float32, as
            `"bfloat16 Conv, Mul"`.
        tensorflow_version: The TensorFlow that traced a model for the engine tf2onnx.
        tf2onnx_version: The tf2onnx that converted it.
        engine: The engine that converted the model.
        version: The version of this package.
        keras_version: The version of Keras.
        dtype: The dtype that was asked for in place of the Keras model's own.
    """

    in_float32: str | None = _key("keras_acts_in_float32")
    tensorflow_version: str | None = _key("tensorflow_version")
    tf2onnx_version: str | None = _key("tf2onnx_version")
    engine: str | None = _key("keras_acts_engine")
    version: str | None = _key("keras_acts_version")
    keras_version: str | None = _key("keras_version")
    dtype: str | None = _key("keras_acts_dtype")

    @classmethod
    def of(cls, proto: onnx.ModelProto) -> Metadata:
        """Read what a file says."""
        said = {one.key: one.value for one in proto.metadata_props}
        return cls(**{one.name: said.get(one.metadata[_KEY]) for one in fields(cls)})

    def add_to(self, model: ir.Model) -> None:
        """Write what is not None into a model, beside what it says already."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None:
                model.metadata_props[one.metadata[_KEY]] = value
