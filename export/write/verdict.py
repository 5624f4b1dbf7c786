"""The verdict of a verification in the file itself, and the digest of what it is about.

The digest covers the graph, its functions, its opsets and its weights, wherever they
lie; not the metadata, which has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir

from keras_acts.export.metadata import Metadata

_ALGORITHM = "sha256"
_BLOCK = 1 << 24


def add(
    path: Path,
    outline: onnx.ModelProto,
    word: str,
    weights: Mapping[str, ir.TensorProtocol],
) -> None:
    """Append a verdict to the metadata of a written file.

    Args:
        path: The file. Protobuf merges what follows a message with it.
        outline: Its message, without the data of large weights.
        word: The verdict.
        weights: Those large weights, by name.
    """
    found = digest(outline, path.parent, weights)
    noted = onnx.ModelProto()
    for key, value in Metadata(verdict=word, digest=found).entries().items():
        noted.metadata_props.add(key=key, value=value)
    with path.open("ab") as file:
        file.write(noted.SerializeToString(deterministic=True))


def holds(proto: onnx.ModelProto, folder: Path) -> bool | None:
    """Whether a file is still the one that its verdict is about; None without one."""
    noted = Metadata.of(proto).digest
    return None if noted is None else noted == digest(proto, folder)


def digest(
    proto: onnx.ModelProto,
    folder: Path,
    weights: Mapping[str, ir.TensorProtocol] | None = None,
) -> str:
    """Return the digest of a model's graph and weights.

    Args:
        proto: The message.
        folder: Where weights in a second file lie.
        weights: The data of weights that the message lacks, by name.
    """
    sha = hashlib.new(_ALGORITHM)
    sha.update(_without_weights(proto).SerializeToString(deterministic=True))
    for tensor in proto.graph.initializer:
        sha.update(f"{tensor.name}\0{tensor.data_type}\0{list(tensor.dims)}".encode())
        _add_data(sha, tensor, folder, weights or {})
    return f"{_ALGORITHM}:{sha.hexdigest()}"


def _without_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return what else decides the answers; the weights aren't copied."""
    rest = onnx.ModelProto(opset_import=proto.opset_import, functions=proto.functions)
    for field, value in proto.graph.ListFields():
        if field.name in ("name", "doc_string"):
            setattr(rest.graph, field.name, value)
        elif field.name != "initializer":
            getattr(rest.graph, field.name).MergeFrom(value)
    return rest


def _add_data(
    sha: Any,
    tensor: onnx.TensorProto,
    folder: Path,
    weights: Mapping[str, ir.TensorProtocol],
) -> None:
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        _add_external(sha, tensor, folder)
    elif tensor.name in weights:
        sha.update(weights[tensor.name].tobytes())
    elif tensor.HasField("raw_data"):
        sha.update(tensor.raw_data)
    else:
        data = onnx.TensorProto()
        data.CopyFrom(tensor)
        data.ClearField("name")
        sha.update(data.SerializeToString(deterministic=True))


def _add_external(sha: Any, tensor: onnx.TensorProto, folder: Path) -> None:
    where = {entry.key: entry.value for entry in tensor.external_data}
    with (folder / where["location"]).open("rb") as file:
        file.seek(int(where.get("offset", 0)))
        remaining = int(where["length"]) if "length" in where else None
        while remaining is None or remaining > 0:
            block = file.read(_BLOCK if remaining is None else min(_BLOCK, remaining))
            if not block:
                return
            sha.update(block)
            remaining = None if remaining is None else remaining - len(block)
