"""The ONNX side of a comparison: the model, its inputs and its outputs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from keras_acts._files import LARGEST_PROTO
from keras_acts._onnx_files import parsed, read_proto
from keras_acts.export.metadata import Metadata

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Port:
    """An input or output of an ONNX model.

    Attributes:
        name: Its name.
        dtype: NumPy's name of its dtype, `"bfloat16"` included.
        shape: Its sizes, None where symbolic or missing; None for an unknown rank.
    """

    name: str
    dtype: str
    shape: Shape | None

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of its arrays; bfloat16 is an extension of NumPy."""
        code = onnx.TensorProto.BFLOAT16
        if self.dtype == "bfloat16":
            return onnx.helper.tensor_dtype_to_np_dtype(code)
        return np.dtype("str" if self.dtype == "string" else self.dtype)


@dataclass(frozen=True)
class OnnxModel:
    """An ONNX model from a file, from bytes, or in memory.

    Attributes:
        proto: The model; weights in a separate file are not loaded.
        path: Its path, None if it was given as bytes or in memory.
    """

    proto: onnx.ModelProto
    path: Path | None = None

    @classmethod
    def read(
        cls, source: str | os.PathLike[str] | bytes | onnx.ModelProto
    ) -> OnnxModel:
        """Read a model.

        Raises:
            FileNotFoundError: There is no file at that path.
            ValueError: The file or the bytes are not an ONNX model, or one whose
                weights lie outside its folder.
            TypeError: `source` is of another type.
        """
        if isinstance(source, onnx.ModelProto):
            return cls(source)
        if isinstance(source, bytes):
            return cls(parsed(source, "bytes"))
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            return cls(read_proto(path), path)
        raise TypeError(
            "An ONNX model must be a path, bytes or an `onnx.ModelProto`. "
            f"Received: a {type(source).__name__}"
        )

    @property
    def inputs(self) -> list[Port]:
        """The inputs, without the weights that older files list among them."""
        weights = {tensor.name for tensor in self.proto.graph.initializer}
        return [_port(x) for x in self.proto.graph.input if x.name not in weights]

    @property
    def outputs(self) -> list[Port]:
        """The outputs."""
        return [_port(x) for x in self.proto.graph.output]

    @property
    def dtypes(self) -> set[str]:
        """The dtypes of inputs, outputs and weights."""
        weights = {_dtype(tensor.data_type) for tensor in self.proto.graph.initializer}
        return weights | {port.dtype for port in (*self.inputs, *self.outputs)}

    @property
    def metadata(self) -> Metadata:
        """The metadata that an export records in the file."""
        return Metadata.of(self.proto)

    @property
    def external(self) -> bool:
        """Whether weights are in a separate file."""
        return any(
            tensor.data_location == onnx.TensorProto.EXTERNAL
            for tensor in self.proto.graph.initializer
        )

    @contextmanager
    def loadable(self) -> Iterator[str | bytes]:
        """Yield what an onnxruntime session loads: a path, or bytes up to 2 GB."""
        if self.path is not None:
            yield str(self.path)
        elif self.proto.ByteSize() <= LARGEST_PROTO:
            yield self.proto.SerializeToString()
        else:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.onnx"
                copy = onnx.ModelProto()
                copy.CopyFrom(self.proto)  # saving moves the weights out of the proto
                onnx.save(copy, path, save_as_external_data=True)
                yield str(path)


def _port(value: onnx.ValueInfoProto) -> Port:
    tensor = value.type.tensor_type
    shape: Shape | None = None
    if tensor.HasField("shape"):
        shape = tuple(
            d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim
        )
    return Port(value.name, _dtype(tensor.elem_type), shape)


def _dtype(code: int) -> str:
    if code == onnx.TensorProto.UNDEFINED:
        return "undefined"
    if code == onnx.TensorProto.STRING:
        return "string"
    return str(onnx.helper.tensor_dtype_to_np_dtype(code))
