"""Write files atomically: complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import onnx_ir as ir

from keras_acts.export.errors import WriteError
from keras_acts.export.passes.failures import graph_error
from keras_acts.export.write import stream
from keras_acts.export.write.proto import MAXIMUM_PROTO, weights_size

# Bytes reserved for the graph itself in a file that also holds the weights.
_GRAPH_SIZE = 64 * 2**20


def needs_external_data(model: ir.Model) -> bool:
    """Whether the weights are too large for one protobuf message."""
    return weights_size(model) + _GRAPH_SIZE > MAXIMUM_PROTO


def write_model(
    model: ir.Model,
    path: str | os.PathLike[str],
    *,
    approve: Callable[[str], None] = lambda _candidate: None,
) -> onnx.ModelProto:
    """Write a model, with its weights in a second file if one file can't hold them.

    Args:
        model: The finished model.
        path: The path of the file.
        approve: Called with the path of the complete file before it is moved to `path`;
            if it raises, the file isn't moved.

    Returns:
        The message without the data of large weights; it refers to the weights' file
        if there is one.

    Raises:
        WriteError: The folder is missing or can't be written, or the disk is full. An
            existing file at `path` is unchanged.
    """
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise WriteError(
            "`path` must name a file in a folder that exists. "
            f"Received: path={os.fspath(path)!r}"
        )
    try:
        with _scratch_folder(path.parent) as folder:
            candidate = folder / path.name
            write = (
                _write_with_data if needs_external_data(model) else _write_single_file
            )
            proto = write(model, candidate)
            approve(os.fspath(candidate))
            _put_in_place(folder, candidate, path)
            return proto
    except OSError as error:
        raise WriteError(
            f"The model can't be written: {error.strerror or error}. "
            f"Received: path={os.fspath(path)!r}"
        ) from error


@contextlib.contextmanager
def _scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a temporary folder on the destination's disk, so that moves are atomic."""
    with tempfile.TemporaryDirectory(prefix=".keras-acts-", dir=parent) as folder:
        yield Path(folder)


def _put_in_place(folder: Path, candidate: Path, path: Path) -> None:
    """Move the weights, then the model, so that no model lacks its weights."""
    data, older = folder / f"{path.name}.data", folder / "older.data"
    target = path.with_name(data.name)
    if not data.exists():
        candidate.replace(path)
        return
    if target.exists():
        os.link(target, older)
    data.replace(target)
    try:
        candidate.replace(path)
    except OSError:
        if older.exists():
            older.replace(target)
        else:
            target.unlink()
        raise


def _write_single_file(model: ir.Model, path: Path) -> onnx.ModelProto:
    outline = stream.checked_outline(model)
    with path.open("wb") as file:
        stream.write(outline, model, file)
    return outline


def _write_with_data(model: ir.Model, path: Path) -> onnx.ModelProto:
    ir.save(model, path, external_data=f"{path.name}.data")
    proto = onnx.load(path, load_external_data=False)
    _check_complete(proto, path.parent)
    try:
        onnx.checker.check_model(os.fspath(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise graph_error(model, "ONNX's checker", error) from error
    return proto


def _check_complete(proto: onnx.ModelProto, folder: Path) -> None:
    """Raise an error for truncated weights, which onnx-ir writes to a full disk."""
    for tensor in proto.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            where = {entry.key: entry.value for entry in tensor.external_data}
            end = int(where["offset"]) + int(where["length"])
            if (folder / where["location"]).stat().st_size < end:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
