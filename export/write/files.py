"""Write files atomically: complete or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import onnx
import onnx_ir as ir

from keras_acts.export.errors import WriteError
from keras_acts.export.passes.failures import graph_error
from keras_acts.export.write import stream, verdict
from keras_acts.export.write.places import (
    destination,
    exclusive,
    keep_mode,
    remove_unused_weights,
    scratch_folder,
    synced,
)
from keras_acts.export.write.proto import MAXIMUM_PROTO, weights_size

# Bytes reserved for the graph itself in a file that also holds the weights.
_GRAPH_SIZE = 64 * 2**20

_DIGITS = 16
"""Of the digest in the name of a file of weights."""


def needs_external_data(model: ir.Model) -> bool:
    """Whether the weights are too large for one protobuf message."""
    return weights_size(model) + _GRAPH_SIZE > MAXIMUM_PROTO


def _unjudged(_candidate: str) -> str | None:
    return None


def write_model(
    model: ir.Model,
    path: str | os.PathLike[str],
    *,
    approve: Callable[[str], str | None] = _unjudged,
) -> onnx.ModelProto:
    """Write a model, with its weights in a second file if one file can't hold them.

    Args:
        model: The finished model.
        path: The path of the file; a symbolic link stays one, and leads to the file.
        approve: Called with the path of the complete file before it is moved to `path`;
            if it raises, the file isn't moved. The word that it returns is noted in the
            file's metadata as the verdict.

    Returns:
        The message without the data of large weights; it refers to the weights' file
        if there is one.

    Raises:
        WriteError: The folder is missing or can't be written, or the disk is full. An
            existing file at `path` is unchanged.
    """
    target = destination(path)
    apart = needs_external_data(model)
    if apart and target.parent != Path(path).parent.resolve():
        raise WriteError(
            "`path` must be the file itself where the weights are above 2 GB: "
            "onnxruntime doesn't find them through a link from another folder. "
            f"Received: path={os.fspath(path)!r}, a link to {target}"
        )
    try:
        with scratch_folder(target.parent) as folder:
            candidate = folder / target.name
            write = _write_with_data if apart else _write_single_file
            proto = write(model, candidate)
            word = approve(os.fspath(candidate))
            if word is not None:
                verdict.add(candidate, proto, word, stream.large_weights(model))
            _put_in_place(folder, target)
            return proto
    except OSError as error:
        raise WriteError(
            f"The model can't be written: {error.strerror or error}. "
            f"Received: path={os.fspath(path)!r}"
        ) from error


def _put_in_place(folder: Path, path: Path) -> None:
    """Move the weights, then the model; until then the older model has its own.

    The weights' name tells them from others, so that a process that is killed between
    both moves leaves the older pair, and weights that the next export removes.
    """
    for file in folder.iterdir():
        keep_mode(file, path)
        synced(file)
    with exclusive(path.parent):
        for weights in (x for x in folder.iterdir() if x.name != path.name):
            weights.replace(path.with_name(weights.name))
        synced(path.parent)
        try:
            (folder / path.name).replace(path)
            synced(path.parent)
        finally:
            remove_unused_weights(path)


def _write_single_file(model: ir.Model, path: Path) -> onnx.ModelProto:
    outline = stream.checked_outline(model)
    with path.open("wb") as file:
        stream.write(outline, model, file)
    return outline


def _write_with_data(model: ir.Model, path: Path) -> onnx.ModelProto:
    temporary = path.with_name("weights")
    # onnx-ir changes what it saves until it ends, and others may be writing it too.
    ir.save(model.clone(), path, external_data=temporary.name)
    proto = onnx.load(path, load_external_data=False)
    _check_complete(proto, path.parent)
    weights = path.with_name(f"{path.name}.{_digest(temporary)}.data")
    temporary.replace(weights)
    for entry in stream.locations(proto):
        entry.value = weights.name
    path.write_bytes(proto.SerializeToString(deterministic=True))
    try:
        onnx.checker.check_model(os.fspath(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise graph_error(model, "ONNX's checker", error) from error
    return proto


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]


def _check_complete(proto: onnx.ModelProto, folder: Path) -> None:
    """Raise an error for truncated weights, which onnx-ir writes to a full disk."""
    for tensor in proto.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            where = {entry.key: entry.value for entry in tensor.external_data}
            end = int(where["offset"]) + int(where["length"])
            if (folder / where["location"]).stat().st_size < end:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
