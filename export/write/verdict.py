"""The verdict of a verification, written into the file itself.

Which part of the file its digest is about, `keras_acts._onnx_files.verdicts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import onnx_ir as ir

from keras_acts._onnx_files.verdicts import digest
from keras_acts.export.metadata import Metadata


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
