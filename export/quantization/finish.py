"""The quantized graph as a file of ours: metadata, what it needs and no more."""

from __future__ import annotations

import os
from collections.abc import Callable

import onnx
import onnx_ir as ir

from keras_acts.export.metadata import Metadata
from keras_acts.export.quantization import prepare
from keras_acts.export.write import write_model

_NOTED_BY_QUANTIZER = ("onnx.infer", "onnx.quant.pre_process")


def finished(
    quantized: onnx.ModelProto, original: onnx.ModelProto, method: str
) -> ir.Model:
    """Return the model to write.

    The producer and the metadata are those of the original, without the verdict, which
    was about other weights. What the quantizer adds beside operators, is left out.

    Args:
        quantized: The quantizer's result, with its weights in memory.
        original: The model that it was given.
        method: What was done, for the metadata.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(quantized)
    for name in ("producer_name", "producer_version", "domain", "doc_string"):
        setattr(proto, name, getattr(original, name))
    proto.model_version = original.model_version
    proto.graph.name = original.graph.name
    _restore_ports(proto, original)
    needed = {node.domain for node in prepare.nodes(proto.graph)} | {""}
    needed |= {node.domain for one in proto.functions for node in one.node}
    kept = {x.domain: x for x in proto.opset_import if x.domain in needed}
    del proto.opset_import[:]
    proto.opset_import.extend(kept[name] for name in sorted(kept))
    del proto.metadata_props[:]
    model = ir.from_proto(proto)
    model.graph.sort()
    dropped = {*Metadata(verdict="", digest="").entries(), *_NOTED_BY_QUANTIZER}
    for entry in original.metadata_props:
        if entry.key not in dropped:
            model.metadata_props[entry.key] = entry.value
    Metadata(quantization=method).add_to(model)
    return model


def _restore_ports(proto: onnx.ModelProto, original: onnx.ModelProto) -> None:
    """Give inputs and outputs the names of sizes that they had."""
    for ours, theirs in (
        (proto.graph.input, original.graph.input),
        (proto.graph.output, original.graph.output),
    ):
        known = {one.name: one for one in theirs}
        for one in ours:
            if one.name in known:
                one.CopyFrom(known[one.name])


def written(
    model: ir.Model, path: str | os.PathLike[str], judge: Callable[[str], str]
) -> None:
    """Write the model as a whole or not at all; `judge` returns the verdict's word."""
    write_model(model, path, approve=judge)


def size_with_weights(proto: onnx.ModelProto, path: str | os.PathLike[str]) -> int:
    """Return the bytes of a file, and of the weights beside it that it refers to."""
    from pathlib import Path

    from keras_acts._onnx_files import external_tensors

    names = {
        entry.value
        for tensor in external_tensors(proto.graph)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    folder = Path(path).parent
    beside: int = sum((folder / name).stat().st_size for name in names)
    return Path(path).stat().st_size + beside
