"""What is in an ONNX file, read without Keras and without running it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_acts._onnx_files import external_tensors, read_proto
from keras_acts._onnx_files.verdicts import verdict_of

if TYPE_CHECKING:
    import onnx

_NOT_FOR_COMPUTING = {"AzureExecutionProvider"}


def describe(path: Path) -> dict[str, Any]:
    """Return what is in a file, in JSON's types.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no ONNX model.
    """
    proto = read_proto(path)
    weights = {x.name for x in proto.graph.initializer}
    operators = list(_nodes(proto.graph))
    return {
        "onnx": str(path),
        "bytes": path.stat().st_size,
        "weight_files": _weight_files(proto, path),
        "ir_version": proto.ir_version,
        "opsets": {one.domain or "ai.onnx": one.version for one in proto.opset_import},
        "producer": f"{proto.producer_name} {proto.producer_version}".strip() or None,
        "inputs": [_port(x) for x in proto.graph.input if x.name not in weights],
        "outputs": [_port(x) for x in proto.graph.output],
        "weights": len(weights),
        "weight_bytes": sum(_size(x) for x in proto.graph.initializer),
        "operators": dict(sorted(Counter(map(_name, operators)).items())),
        "metadata": {one.key: one.value for one in proto.metadata_props},
        "verdict": _verdict(proto, path),
        "kernels": _kernels(proto, operators),
    }


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph and of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)
            for inner in attribute.graphs:
                yield from _nodes(inner)


def _name(node: onnx.NodeProto) -> str:
    return f"{node.domain}.{node.op_type}" if node.domain else node.op_type


def _port(value: onnx.ValueInfoProto) -> dict[str, Any]:
    tensor = value.type.tensor_type
    shape: list[int | str | None] | None = None
    if tensor.HasField("shape"):
        shape = [
            d.dim_value if d.HasField("dim_value") else d.dim_param or None
            for d in tensor.shape.dim
        ]
    return {"name": value.name, "dtype": _dtype(tensor.elem_type), "shape": shape}


def _dtype(code: int) -> str:
    import onnx

    names = {number: name for name, number in onnx.TensorProto.DataType.items()}
    short = {"FLOAT": "float32", "DOUBLE": "float64"}
    name: str = names.get(code, str(code))
    return short.get(name, name.lower())


def _size(tensor: onnx.TensorProto) -> int:
    external = {one.key: one.value for one in tensor.external_data}
    if external.get("length", "").isdecimal():
        return int(external["length"])
    return len(tensor.raw_data) or tensor.ByteSize()


def _weight_files(proto: onnx.ModelProto, path: Path) -> dict[str, int]:
    """Return the sizes of the files of weights beside the model."""
    found = {}
    for tensor in external_tensors(proto.graph):
        where = {one.key: one.value for one in tensor.external_data}["location"]
        found[where] = path.with_name(where).stat().st_size
    return found


def _verdict(proto: onnx.ModelProto, path: Path) -> dict[str, Any] | None:
    """Return the verdict in the metadata, and whether the file still is that one."""
    found = verdict_of(proto, path.parent)
    if found is None:
        return None
    return {"status": found.status, "unchanged": found.unchanged}


def _kernels(
    proto: onnx.ModelProto, operators: Sequence[onnx.NodeProto]
) -> dict[str, Any] | None:
    """Return for each provider here the operators for which it has no kernel.

    An operator that is defined by others runs all the same, as these.
    None where onnxruntime is missing, or doesn't tell.
    """
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state
    except ImportError:
        return None
    if not hasattr(state, "get_all_opkernel_def"):
        return None
    versions = {one.domain: one.version for one in proto.opset_import}
    known = list(state.get_all_opkernel_def())
    return {
        provider: _lacking(
            [k for k in known if k.provider == provider], versions, operators
        )
        for provider in onnxruntime.get_available_providers()
        if provider not in _NOT_FOR_COMPUTING
    }


def _lacking(
    kernels: Iterable[Any],
    versions: Mapping[str, int],
    operators: Sequence[onnx.NodeProto],
) -> list[str]:
    ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for one in kernels:
        ranges.setdefault((one.domain, one.op_name), []).append(one.version_range)
    missing = {
        _name(node)
        for node in operators
        if not any(
            first <= _since(node, versions) <= last
            for first, last in ranges.get((node.domain, node.op_type), [])
        )
    }
    return sorted(missing)


def _since(node: onnx.NodeProto, versions: Mapping[str, int]) -> int:
    """Return the version of an operator that an opset has."""
    import onnx

    version = versions.get(node.domain, 1)
    try:
        return int(
            onnx.defs.get_schema(node.op_type, version, node.domain).since_version
        )
    except onnx.defs.SchemaError:
        return version
