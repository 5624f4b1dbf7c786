"""The error of each node's result, and what was left in float."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import onnx

from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.report.quantization.records import KeptNode, NodeError
from keras_acts.export.parity.session import Session, open_session
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.quantization import prepare
from keras_acts.export.quantization.measure.answers import error_of

_CPU = "CPUExecutionProvider"
_LEAST_BYTES = 1024
"""Smaller weights aren't listed, nor are vectors, such as biases."""

_HAVE_SCALES = {
    "QuantizeLinear",
    "DequantizeLinear",
    "MatMulNBits",
    "GatherBlockQuantized",
    "DynamicQuantizeLSTM",
    "Mul",
}
"""Operators whose float weights are the scales of others."""

_FLOATS = {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.DOUBLE: 8}


def node_errors(
    before: onnx.ModelProto,
    after: onnx.ModelProto,
    names: Collection[str],
    runs: Sequence[Mapping[str, Array]],
) -> tuple[NodeError, ...]:
    """Return the error of each node's result, with all before it quantized as well.

    Args:
        before: The prepared model.
        after: The quantized one; a result keeps its name in it.
        names: The nodes to look at.
        runs: Inputs by name.
    """
    results = {node.output[0]: node for node in before.graph.node if node.name in names}
    there = {name for node in after.graph.node for name in node.output}
    tapped = {name: one for name in results if (one := _rounded(name, there))}
    if not tapped:
        return ()
    errors: dict[str, list[float]] = defaultdict(list)
    sessions = _tapped(before, list(tapped)), _tapped(after, list(tapped.values()))
    for feeds in runs:
        wanted, found = (one.tensors(feeds) for one in sessions)
        for name, rounded in tapped.items():
            if wanted[name].dtype.kind == "f" and np.isfinite(wanted[name]).all():
                errors[name].append(error_of(wanted[name], found[rounded]))
    return tuple(
        NodeError(results[name].name, results[name].op_type, float(np.median(found)))
        for name, found in errors.items()
    )


def _rounded(name: str, there: Collection[str]) -> str | None:
    """Return the name of a result behind its rounding; None if it is gone.

    A Relu is part of the rounding: its result has the name, and is not yet cut off.
    """
    rounded = f"{name}_DequantizeLinear_Output"
    return rounded if rounded in there else name if name in there else None


def _tapped(proto: onnx.ModelProto, names: Sequence[str]) -> Session:
    """Open a model that gives results of inner nodes too, as it is written."""
    model = onnx.ModelProto()
    model.CopyFrom(proto)
    present = {one.name for one in model.graph.output}
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in names if name not in present
    )
    return open_session(OnnxModel(model), _CPU, optimized=False)


def kept(
    after: onnx.ModelProto, mode: str, reasons: Mapping[str, str]
) -> tuple[KeptNode, ...]:
    """Return the nodes whose weights are still floats, and why; the largest first.

    Args:
        after: The quantized model.
        mode: How it was quantized.
        reasons: Why nodes were left out on purpose, by name.
    """
    sizes = _weight_sizes(after)
    found = []
    for node, owner in prepare.with_owners(after.graph):
        size = sum(sizes.get(name, 0) for name in node.input)
        if size >= _LEAST_BYTES and node.op_type not in _HAVE_SCALES:
            reason = reasons.get(node.name) or _reason(node, owner, mode)
            found.append(KeptNode(node.name, node.op_type, size, reason))
    return tuple(sorted(found, key=lambda one: (-one.bytes, one.name)))


def _weight_sizes(proto: onnx.ModelProto) -> dict[str, int]:
    found = {}
    graphs = [proto.graph]
    while graphs:
        graph = graphs.pop()
        for tensor in graph.initializer:
            if tensor.data_type in _FLOATS and len(tensor.dims) > 1:
                count = int(np.prod(tensor.dims))
                found[tensor.name] = count * _FLOATS[tensor.data_type]
        for node in graph.node:
            for attribute in node.attribute:
                graphs += [attribute.g] if attribute.HasField("g") else []
                graphs += attribute.graphs
    return found


def _reason(node: onnx.NodeProto, owner: onnx.NodeProto | None, mode: str) -> str:
    if owner is not None:
        return f"inside a {owner.op_type}, which is left alone"
    if node.op_type in ("Conv", "ConvTranspose") and mode in _WITHOUT_CONVOLUTIONS:
        return _WITHOUT_CONVOLUTIONS[mode]
    return _REASONS.get(node.op_type, "no integer kernel, or not worth one")


_WITHOUT_CONVOLUTIONS = {
    "int8-dynamic": "convolutions need calibration data",
    "int4-weights": "this mode is for products and tables",
}
_REASONS = {
    "MatMul": "its weights have more than two axes, or are shared",
    "GRU": "onnxruntime has no GRU in integers",
    "RNN": "onnxruntime has no RNN in integers",
    "LSTM": "onnxruntime has LSTMs in integers in the dynamic mode alone",
}
