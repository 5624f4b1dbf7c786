"""The error of each layer, for the plots of a report; nothing here decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import onnx

from keras_acts.export.parity import pairing
from keras_acts.export.parity.compare import compare
from keras_acts.export.parity.inputs.generator import Generator
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.reference.keras_calls import to_numpy
from keras_acts.export.parity.report.report import LayerError, ParityReport
from keras_acts.export.parity.session import open_session
from keras_acts.export.parity.tolerances import Array, Tolerance

_PROVIDER = "CPUExecutionProvider"
_SAMPLES = 3


def with_layers(report: ParityReport, model: Any, onnx_model: Any) -> ParityReport:
    """Return a report with the error of each layer of a Functional or Sequential model.

    Each layer's output is held against the nearest value in the file, on normally
    distributed inputs; a layer that the file has fused into another has none there.
    Of other models, and where the run fails, the report stays as it is.
    """
    if not getattr(model, "inputs", None) or not report.outputs:
        return report
    try:
        found = tuple(_errors(model, OnnxModel.read(onnx_model), report))
    except Exception:  # a plot that can't be drawn must not hide the verdict
        return report
    return replace(report, layers=found)


def _errors(
    model: Any, onnx_model: OnnxModel, report: ParityReport
) -> Iterator[LayerError]:
    reference = reference_of(model)
    paired = pairing.pair_inputs(reference.signature, onnx_model)
    limits = reference.index_limits()
    case = next(Generator(paired, limits, (_SAMPLES,), report.seed).random())
    feeds = {one.port.name: one.feed(case.inputs[one.spec.name]) for one in paired}
    values = _inner_values(onnx_model, feeds)
    graph = keras.Model(model.inputs, model.outputs)
    steps = [
        step
        for step in graph.operations
        if not isinstance(step, keras.layers.InputLayer) and _tensors(step.output)
    ]
    probe = keras.Model(model.inputs, [_tensors(step.output)[0] for step in steps])
    with reference.unchanged():
        wanted = probe([case.inputs[x.name] for x in model.inputs], training=False)
    wanted = wanted if isinstance(wanted, list) else [wanted]
    allowed = report.outputs[0].tolerance
    for step, want in zip(steps, wanted, strict=True):
        excess = _excess(to_numpy(want), values, allowed)
        yield LayerError(step.name, type(step).__name__, excess)


def _tensors(structure: Any) -> list[Any]:
    return [x for x in keras.tree.flatten(structure) if x is not None]


def _inner_values(model: OnnxModel, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Run the ONNX model with each value of its main graph as an output."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    present = {output.name for output in proto.graph.output}
    for node in proto.graph.node:
        for name in node.output:
            if name and name not in present:
                proto.graph.output.append(onnx.ValueInfoProto(name=name))
    return open_session(OnnxModel(proto), _PROVIDER).run(feeds)


def _excess(
    want: Array, values: Mapping[str, Array], allowed: Tolerance
) -> float | None:
    """Return the error of the nearest value, as a share of the allowed one."""
    found = (
        compare("", want, arranged, allowed).worst
        for got in values.values()
        if got.size == want.size and got.dtype.kind in "biuf"
        for arranged in _arrangements(want, got)
    )
    return min((worst.excess for worst in found if worst is not None), default=None)


def _arrangements(want: Array, got: Array) -> Iterator[Array]:
    """Yield a value in another's shape: as it is, channels last, time first."""
    if not want.size:
        return
    yield got.reshape(want.shape)
    if got.ndim > 2:
        yield np.moveaxis(got, 1, -1).reshape(want.shape)
    if want.ndim > 2:
        batch, time, *rest = want.shape
        yield got.reshape(time, batch, *rest).swapaxes(0, 1)
