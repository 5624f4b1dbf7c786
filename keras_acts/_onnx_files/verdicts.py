"""The verdict that a file carries, and whether it still is the file it is about.

The digest covers the graph, its functions, its opsets and its weights, wherever they
lie; not the metadata, which has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_acts._onnx_files.reading import external_in

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

VERDICT_KEY = "keras_acts_verdict"
DIGEST_KEY = "keras_acts_digest"

_ALGORITHM = "sha256"
_BLOCK = 1 << 24


@dataclass(frozen=True)
class Verdict:
    """What a verification found before the file was written.

    Attributes:
        status: In one word, such as `"passed"`.
        digest: Of the graph and the weights that it is about; None if it names none.
        unchanged: Whether the file still has these.
    """

    status: str
    digest: str | None
    unchanged: bool

    @property
    def passed(self) -> bool:
        """Whether the file as it is now was found to answer like its model."""
        return self.status == "passed" and self.unchanged


def verdict_of(proto: onnx.ModelProto, folder: Path) -> Verdict | None:
    """Return the verdict that a file carries, None without one.

    Args:
        proto: The message.
        folder: Where weights in a second file lie.
    """
    noted = {one.key: one.value for one in proto.metadata_props}
    if VERDICT_KEY not in noted:
        return None
    said = noted.get(DIGEST_KEY)
    same = said is not None and said == digest(proto, folder)
    return Verdict(noted[VERDICT_KEY], said, same)


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
    for nodes in (proto.graph.node, *(one.node for one in proto.functions)):
        for tensor in external_in(nodes):
            _add_external(sha, tensor, folder)
    return f"{_ALGORITHM}:{sha.hexdigest()}"


def _without_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return what else decides the answers; the weights aren't copied."""
    import onnx

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
    if tensor.data_location == tensor.EXTERNAL:
        _add_external(sha, tensor, folder)
    elif tensor.name in weights:
        sha.update(weights[tensor.name].tobytes())
    elif tensor.HasField("raw_data"):
        sha.update(tensor.raw_data)
    else:
        data = type(tensor)()
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
