"""Read an ONNX file that may be anything: no hang, no traceback, nothing outside.

Outside of the export, so that the command line can do it without importing Keras.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from keras_acts._files import LARGEST_PROTO, regular_size

if TYPE_CHECKING:
    import onnx


def read_proto(path: Path) -> onnx.ModelProto:
    """Read the message of an ONNX file, without weights in other files.

    Raises:
        FileNotFoundError: There is no file at that path.
        ValueError: It is no ONNX model, or one whose weights lie outside its folder.
    """
    return read(path)[1]


def read(path: Path) -> tuple[bytes, onnx.ModelProto]:
    """Read an ONNX file as `read_proto` does; return its bytes and its message.

    Raises:
        FileNotFoundError, ValueError: As `read_proto` raises them.
    """
    size = regular_size(path, "An ONNX model")
    if size == 0:
        raise ValueError(f"This is no ONNX model: it is empty. Received: {path}")
    if size > LARGEST_PROTO:
        raise ValueError(
            "This is no ONNX model: the file is larger than 2 GB, more than a protobuf "
            f"message can be. Received: {path}, {size:,} bytes"
        )
    content = path.read_bytes()
    proto = parsed(content, str(path))
    _check_locations(proto, path)
    return content, proto


def parsed(content: bytes, what: str) -> onnx.ModelProto:
    """Parse an ONNX model.

    Raises:
        ValueError: The bytes are none; the message names `what` they are.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        proto = onnx.load_model_from_string(content)
    except (DecodeError, RecursionError) as error:
        raise ValueError(f"This is no ONNX model. Received: {what}") from error
    if not proto.graph.output:
        raise ValueError(f"This is no ONNX model: it has no outputs. Received: {what}")
    return proto


def external_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Yield the weights that lie in other files, those of subgraphs included."""
    for tensor in graph.initializer:
        if tensor.data_location == tensor.EXTERNAL:
            yield tensor
    yield from external_in(graph.node)


def external_in(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    """Yield the tensors in other files that attributes of nodes are, or contain."""
    for attribute in (a for node in nodes for a in node.attribute):
        if (
            attribute.HasField("t")
            and attribute.t.data_location == attribute.t.EXTERNAL
        ):
            yield attribute.t
        if attribute.HasField("g"):
            yield from external_tensors(attribute.g)
        for inner in attribute.graphs:
            yield from external_tensors(inner)


def _check_locations(proto: onnx.ModelProto, path: Path) -> None:
    """Refuse weights outside of the model's folder, or that aren't there.

    Raises:
        ValueError: A location leads out of the folder, or to no regular file.
    """
    folder = path.resolve().parent
    seen = set()
    for tensor in external_tensors(proto.graph):
        entries = {one.key: one.value for one in tensor.external_data}
        location = entries.get("location", "")
        if location in seen:
            continue
        seen.add(location)
        if not _inside(folder, location):
            raise ValueError(
                "An ONNX model must have its weights in its own folder. "
                f"Received: {path}, whose weights are in {location!r}"
            )
        regular_size(folder / location, f"The weights of {path}")


def _inside(folder: Path, location: str) -> bool:
    absolute = PurePosixPath(location).is_absolute() or PureWindowsPath(location).drive
    if not location or "\0" in location or absolute:
        return False
    return (folder / location).resolve().is_relative_to(folder)
