"""Find the first layer at which an ONNX model diverges from Keras.

One run of each side gives every tensor: those of the layers, of nested models as well,
and the values of the file's main graph. A layer agrees if a value of the file equals
its output, or if a layer behind it agrees, since an exporter may fuse a layer into the
next. Of the layers that don't agree, the first is where the models diverge, together
with those that are fused into the same node.

Each tensor is judged by its own scale, and by the model's copy in float64 where there
is one. An output that hardly varies between two samples agrees by chance, and excuses
no layer before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.export.parity.compare import NoTwinError
from keras_acts.export.parity.inner.layer_graph import (
    LayerGraph,
    NoGraphError,
    Slot,
    Step,
)
from keras_acts.export.parity.inner.matching import Judged, Values
from keras_acts.export.parity.inner.tapped import NotTappedError, TappedFile
from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.progress import telling
from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.reference.float64_twin import Twin
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.tolerances import Array, Tolerance
from keras_acts.export.parity.verdict.variation import LEAST_VARIATION, Variation
from keras_acts.export.trace import Signature
from keras_acts.export.trace.keras_patches import reads


@dataclass(frozen=True)
class Recorded:
    """A step and its tensors."""

    step: Step
    arrays: list[Array]


def first_divergence(
    model: Any,
    signature: Signature,
    onnx_model: OnnxModel,
    inputs: list[PairedInput],
    case: Case,
    tolerance: Tolerance,
) -> Divergence | None:
    """Return the first diverging layer of a Functional or Sequential model.

    Args:
        model: The Keras model.
        signature: Its inputs.
        onnx_model: The ONNX model, with its weights inside.
        inputs: The inputs on both sides.
        case: A run on which they differ.
        tolerance: The allowed error.

    Returns:
        None if the model is not a graph of layers, or all layers agree.
    """
    try:
        graph, file = LayerGraph.of(model), TappedFile.of(onnx_model)
    except (NoGraphError, NotTappedError):
        return None
    with telling("Looking for the first layer that differs"):
        feeds = {one.port.name: one.feed(case.inputs[one.spec.name]) for one in inputs}
        values = Values(file.values(feeds))
        recorded = record(graph, case.inputs, signature)
        exact = _exact(model, signature, case)
        judged = {
            slot: Judged.of(array, tolerance, exact.get(slot))
            for one in recorded
            for slot, array in zip(one.step.outputs, one.arrays, strict=True)
        }
        declared = values.of([x.name for x in onnx_model.outputs])
        found = itertools.chain(
            diverging(recorded, judged, values),
            _unreturned(recorded, judged, graph.outputs, declared),
        )
        for one in found:
            name, error = declared.nearest(judged[one.step.outputs[0]])
            if name is None or one.step.outputs[0] not in graph.outputs:
                name, error = values.nearest(judged[one.step.outputs[0]])
            return Divergence(one.step.name, one.step.kind, name, error, case.name)
    return None


def record(
    graph: LayerGraph, inputs: Mapping[str, Array], signature: Signature
) -> list[Recorded]:
    """Run a model from its inputs and keep the tensors of each step."""
    return run(graph, started(graph, inputs, signature))


def started(
    graph: LayerGraph, inputs: Mapping[str, Array], signature: Signature
) -> dict[Slot, Any]:
    """Return the tensors of a model's inputs, paired by name, else by order."""
    specs = {spec.name: spec for spec in signature.inputs}
    if not set(graph.inputs) <= set(specs):
        specs = dict(zip(graph.inputs, signature.inputs, strict=True))
    return {
        slot: keras_calls.tensor(inputs[specs[name].name], specs[name].dtype)
        for name, slot in graph.inputs.items()
    }


def run(
    graph: LayerGraph, values: Mapping[Slot, Any], masked: set[Slot] | None = None
) -> list[Recorded]:
    """Run a model from given tensors on and keep the tensors of each step.

    Args:
        graph: The model.
        values: The tensors to start from.
        masked: Where to note the tensors that carry a mask.
    """
    found: list[Recorded] = []
    noted = set() if masked is None else masked

    def visit(step: Step, tensors: list[Any]) -> None:
        for slot, x in zip(step.outputs, tensors, strict=True):
            noted.update([slot] if reads.is_masked(x) else [])
        found.append(Recorded(step, [keras_calls.to_numpy(x) for x in tensors]))

    graph.run(values, visit)
    return found


def _exact(model: Any, signature: Signature, case: Case) -> dict[Slot, Array]:
    """Return the tensors of the model's copy in float64, if there is one."""
    try:
        twin = Twin.of(model, signature)
    except NoTwinError:
        return {}
    with twin.computing():
        recorded = record(LayerGraph.of(twin.model), case.inputs, twin.signature)
    return {
        slot: array
        for one in recorded
        for slot, array in zip(one.step.outputs, one.arrays, strict=True)
    }


def diverging(
    recorded: Sequence[Recorded],
    judged: Mapping[Slot, Judged],
    values: Values,
) -> Iterator[Recorded]:
    """Yield, in order, the steps that neither agree nor precede one that does."""
    agreeing: set[Slot] = set()
    for one in reversed(recorded):
        slots = one.step.outputs
        if any(slot in agreeing for slot in slots):
            agreeing |= {*slots, *one.step.inputs}
        elif all(any(values.equal(judged[slot])) for slot in slots):
            agreeing |= set(slots)
            if all(varies(judged[slot].want) for slot in slots):
                agreeing |= set(one.step.inputs)
    return (one for one in recorded if not set(one.step.outputs) <= agreeing)


def _unreturned(
    recorded: Sequence[Recorded],
    judged: Mapping[Slot, Judged],
    outputs: Sequence[Slot],
    declared: Values,
) -> Iterator[Recorded]:
    """Yield the steps that make outputs of the model that the file has not as outputs.

    The file may have such a tensor and still return another one.
    """
    for one in recorded:
        made = [slot for slot in one.step.outputs if slot in outputs]
        if not all(any(declared.equal(judged[slot])) for slot in made):
            yield one


def varies(array: Array) -> bool:
    """Whether a tensor varies between samples, so that it doesn't agree by chance."""
    if array.ndim == 0 or len(array) < 2:
        return True
    varied = Variation()
    varied.add(np.asarray(array))
    return varied.share >= LEAST_VARIATION
