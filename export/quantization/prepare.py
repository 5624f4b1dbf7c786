"""The model as the quantizer wants it: in memory, with names and shapes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnx

from keras_acts.export.errors import GraphError, OptionError
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.session import first_line
from keras_acts.export.quantization.silence import quiet

_OLDEST = 13
"""The first opset whose DequantizeLinear takes a scale for each channel."""

_QUANTIZED = {
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "ConvInteger",
    "QLinearConv",
    "QLinearMatMul",
    "MatMulNBits",
}


def loaded(model: OnnxModel) -> onnx.ModelProto:
    """Return a model with all its weights in memory, and a name for each node.

    Raises:
        OptionError: It is quantized already, or has no opset that can be.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    if model.external and model.path is not None:
        onnx.load_external_data_for_model(proto, str(model.path.parent))
    found = sorted({node.op_type for node in nodes(proto.graph)} & _QUANTIZED)
    if found:
        raise OptionError(
            "`onnx_model` must be in floating point; this one is quantized already. "
            f"Received: a model with {', '.join(found)}"
        )
    if opset(proto) < _OLDEST:
        proto = _upgraded(proto)
    _name_nodes(proto)
    return proto


def optimized(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model after onnxruntime's basic rewrites, with the shapes of its values.

    They fold constants and batch norms, and make one Gemm of a product and its bias;
    they are the same on every machine. Nodes keep their names where they are kept.

    Raises:
        GraphError: onnxruntime refuses the model.
    """
    from onnxruntime.quantization import quant_pre_process

    with tempfile.TemporaryDirectory() as folder, quiet():
        source, target = Path(folder, "model.onnx"), Path(folder, "optimized.onnx")
        _save(proto, source)
        try:
            quant_pre_process(
                str(source),
                str(target),
                skip_symbolic_shape=True,  # our files have their shapes; needs sympy
                save_as_external_data=True,
                all_tensors_to_one_file=True,
            )
        except Exception as error:  # onnxruntime's errors have no public base class
            raise GraphError(
                "onnxruntime must be able to prepare the model. "
                f"Received: {first_line(error)}"
            ) from error
        prepared = onnx.load(target)
    _name_nodes(prepared)
    return prepared


def with_shapes(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model with the shapes of its values, and marked as prepared."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "model.onnx"), Path(folder, "inferred.onnx")
        _save(proto, source)
        onnx.shape_inference.infer_shapes_path(str(source), str(target))
        inferred = onnx.load(target)
    # What `quant_pre_process` notes; the quantizer logs a warning without it.
    inferred.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    return inferred


def opset(proto: onnx.ModelProto) -> int:
    """Return the version of the standard operators."""
    return max((x.version for x in proto.opset_import if x.domain == ""), default=1)


def nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph, those of subgraphs behind their own."""
    for node, _ in with_owners(graph):
        yield node


def with_owners(
    graph: onnx.GraphProto, owner: onnx.NodeProto | None = None
) -> Iterator[tuple[onnx.NodeProto, onnx.NodeProto | None]]:
    """Yield each node with the loop or branch that it is in, None for the graph's."""
    for node in graph.node:
        yield node, owner
        for attribute in node.attribute:
            inner = [attribute.g] if attribute.HasField("g") else []
            for subgraph in (*inner, *attribute.graphs):
                yield from with_owners(subgraph, node)


def _save(proto: onnx.ModelProto, path: Path) -> None:
    """Save a copy, whose weights lie apart so that any size will do."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)  # saving moves the weights out of the message
    onnx.save(copy, os.fspath(path), save_as_external_data=True, location="weights")


def _upgraded(proto: onnx.ModelProto) -> onnx.ModelProto:
    try:
        return onnx.version_converter.convert_version(proto, _OLDEST)
    except Exception as error:  # its errors are RuntimeErrors of all kinds
        raise OptionError(
            f"`onnx_model` must have an opset of {_OLDEST} or above, or one that ONNX "
            f"can upgrade ({first_line(error)}). Received: opset {opset(proto)}"
        ) from error


def _name_nodes(proto: onnx.ModelProto) -> None:
    """Give each node a name of its own, by which it can be left out."""
    taken: set[str] = set()
    for number, node in enumerate(nodes(proto.graph)):
        if not node.name or node.name in taken:
            node.name = f"{node.name or node.op_type}_{number}"
        taken.add(node.name)
