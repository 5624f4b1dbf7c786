"""Files that appear whole or not at all."""

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
from keras_acts.export.write import stream
from keras_acts.export.write.proto import MAXIMUM_PROTO, weights_size

# Room for the graph itself beside the weights in a file without external data.
_GRAPH_ROOM = 64 * 2**20


def needs_external_data(model: ir.Model) -> bool:
    """Whether the weights are too many for one protobuf message."""
    return weights_size(model) + _GRAPH_ROOM > MAXIMUM_PROTO


def write_model(
    model: ir.Model,
    path: str | os.PathLike[str],
    *,
    approve: Callable[[str], None] = lambda _candidate: None,
) -> onnx.ModelProto:
    """Write a model, and its weights beside it where one file can't hold them.

    Args:
        model: The finished model.
        path: Where the file shall be.
        approve: Called with the path of the whole candidate before it takes its place;
            what it raises keeps it from there.

    Returns:
        The message without the data of large weights; it refers to the weights' file
        if there is one.

    Raises:
        WriteError: The folder is missing or can't be written, or the disk is full. An
            older file at `path` is as it was.
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
            write = _write_with_data if needs_external_data(model) else _write_whole
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
    """A folder on the destination's own disk, so that renaming is atomic."""
    with tempfile.TemporaryDirectory(prefix=".keras-acts-", dir=parent) as folder:
        yield Path(folder)


def _put_in_place(folder: Path, candidate: Path, path: Path) -> None:
    """Move a model, and before it its weights, so that no model is without them."""
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


def _write_whole(model: ir.Model, path: Path) -> onnx.ModelProto:
    outline = stream.checked_outline(model)
    with path.open("wb") as file:
        stream.write(outline, model, file)
    return outline


def _write_with_data(model: ir.Model, path: Path) -> onnx.ModelProto:
    ir.save(model, path, external_data=f"{path.name}.data")
    proto = onnx.load(path, load_external_data=False)
    _check_whole(proto, path.parent)
    onnx.checker.check_model(os.fspath(path), full_check=True)
    return proto


def _check_whole(proto: onnx.ModelProto, folder: Path) -> None:
    """Refuse weights that are cut off: on a full disk onnx-ir writes what there is
    room for, and says nothing.
    """
    for tensor in proto.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            where = {entry.key: entry.value for entry in tensor.external_data}
            end = int(where["offset"]) + int(where["length"])
            if (folder / where["location"]).stat().st_size < end:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
