"""The metadata of an exported file: all keys, for writing and reading.

It contains no path, time or backend, so that equal models give equal files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import onnx
import onnx_ir as ir

from keras_acts._onnx_files.verdicts import DIGEST_KEY, VERDICT_KEY

_KEY = "key"


def _key(name: str) -> str | None:
    """Declare a field with its key in the file; it is not written if it is None."""
    return field(default=None, metadata={_KEY: name})


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The metadata of a file; None for keys that it lacks.

    Attributes:
        in_float32: The operators that compute narrower floats in float32, such as
            `"bfloat16 Conv, Mul"`.
        tensorflow_version: The version of TensorFlow, if the engine was tf2onnx.
        tf2onnx_version: The version of tf2onnx, if it was the engine.
        engine: The engine that converted the model.
        islands: The layers that call the backend, and the exporter that converted
            them.
        version: The version of this package.
        keras_version: The version of Keras.
        dtype: The requested dtype, if it wasn't the Keras model's own.
        quantization: How the file was quantized, if it was.
        verdict: What a verification found before the file was written, in one word.
        digest: Of the graph and the weights that it is about.
    """

    in_float32: str | None = _key("keras_acts_in_float32")
    tensorflow_version: str | None = _key("tensorflow_version")
    tf2onnx_version: str | None = _key("tf2onnx_version")
    engine: str | None = _key("keras_acts_engine")
    islands: str | None = _key("keras_acts_islands")
    version: str | None = _key("keras_acts_version")
    keras_version: str | None = _key("keras_version")
    dtype: str | None = _key("keras_acts_dtype")
    verdict: str | None = _key(VERDICT_KEY)
    digest: str | None = _key(DIGEST_KEY)
    quantization: str | None = _key("keras_acts_quantization")

    @classmethod
    def of(cls, proto: onnx.ModelProto) -> Metadata:
        """Read the metadata of a model."""
        properties = {one.key: one.value for one in proto.metadata_props}
        return cls(
            **{one.name: properties.get(one.metadata[_KEY]) for one in fields(cls)}
        )

    def entries(self) -> dict[str, str]:
        """Return the fields that are not None by their keys in the file."""
        values = {one.metadata[_KEY]: getattr(self, one.name) for one in fields(self)}
        return {key: value for key, value in values.items() if value is not None}

    def add_to(self, model: ir.Model) -> None:
        """Add the fields that are not None to a model's metadata."""
        model.metadata_props.update(self.entries())


RESERVED = frozenset(one.metadata[_KEY] for one in fields(Metadata))
"""The keys that metadata of the user's own can't have."""
