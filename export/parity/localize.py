"""Find the first layer at which an ONNX model diverges from Keras.

Nothing is assumed about how the file was made or how its values are named. A layer
agrees if some value inside the ONNX model equals its output, or if a layer after it
agrees, since an exporter may fuse a layer into the next. The first layer that does not
agree is where the models diverge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import onnx

from keras_acts.export.parity.compare import compare
from keras_acts.export.parity.inputs import Case
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.reference.keras_calls import to_numpy
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.session import open_session
from keras_acts.export.parity.tolerances import Array, Tolerance
from keras_acts.export.trace import flatten
from keras_acts.export.trace.keras_patches import reads

_PROVIDER = "CPUExecutionProvider"


def first_divergence(
    model: Any,
    onnx_model: OnnxModel,
    inputs: list[PairedInput],
    case: Case,
    tolerance: Tolerance,
) -> Divergence | None:
    """Return the first diverging layer of a Functional or Sequential model.

    Args:
        model: The Keras model.
        onnx_model: The ONNX model, with its weights inside.
        inputs: The inputs on both sides.
        case: A run on which they differ.
        tolerance: The allowed error.

    Returns:
        None if the model is not a graph of layers, or all layers agree.
    """
    if not getattr(model, "inputs", None) or onnx_model.external:
        return None
    graph = keras.Model(model.inputs, model.outputs)
    steps = [step for step in graph.operations if _tensors(step.output)]
    feeds = {one.port.name: one.feed(case.inputs[one.spec.name]) for one in inputs}
    values = _inner_values(onnx_model, feeds)
    expected = _outputs(model.inputs, steps, _arrays(model, inputs, case))
    matched = {
        id(step): all(
            any(_equal(want, got, tolerance) for got in values.values())
            for want in expected[id(step)]
        )
        for step in steps
    }
    for step in _diverging(steps, matched):
        name, error = _nearest(expected[id(step)][0], values)
        return Divergence(step.name, type(step).__name__, name, error, case.name)
    return None


def _arrays(model: Any, inputs: list[PairedInput], case: Case) -> list[Array]:
    """Return the arrays for a model's inputs, in the order that the model has."""
    tensors = [x for x in flatten(reads.input_structure(model)) if x is not None]
    names = {id(x): one.spec.name for x, one in zip(tensors, inputs, strict=True)}
    return [case.inputs[names[id(x)]] for x in model.inputs]


def _tensors(structure: Any) -> list[Any]:
    return [x for x in keras.tree.flatten(structure) if x is not None]


def _inner_values(
    onnx_model: OnnxModel, feeds: Mapping[str, Array]
) -> dict[str, Array]:
    """Run the ONNX model with each value of its main graph as an output."""
    proto = onnx.ModelProto()
    proto.CopyFrom(onnx_model.proto)
    present = {output.name for output in proto.graph.output}
    for node in proto.graph.node:
        for name in node.output:
            if name and name not in present:
                proto.graph.output.append(onnx.ValueInfoProto(name=name))
    values = open_session(OnnxModel(proto), _PROVIDER).run(feeds)
    return {**feeds, **values}


def _outputs(
    inputs: list[Any], steps: list[Any], arrays: list[Array]
) -> dict[int, list[Array]]:
    """Return the outputs of each operation of a Keras model."""
    probe = keras.Model(inputs, [_tensors(step.output) for step in steps])
    results = probe(arrays, training=False)
    return {
        id(step): [to_numpy(x) for x in _tensors(result)]
        for step, result in zip(steps, results, strict=True)
    }


def _equal(want: Array, got: Array, tolerance: Tolerance) -> bool:
    return any(
        compare("", want, arranged, tolerance).passed
        for arranged in _arrangements(want, got)
    )


def _arrangements(want: Array, got: Array) -> Iterator[Array]:
    """Yield a value in another's shape: as it is, channels last, time as axis 1."""
    if got.size != want.size or not want.size:
        return
    yield got.reshape(want.shape)
    if got.ndim > 2:
        yield np.moveaxis(got, 1, -1).reshape(want.shape)
    if want.ndim > 2:
        batch, time, *rest = want.shape
        yield got.reshape(time, batch, *rest).swapaxes(0, 1)


def _diverging(steps: list[Any], matched: Mapping[int, bool]) -> Iterator[Any]:
    """Yield, in order, the operations that neither match nor precede a match."""
    producers = {id(x): step for step in steps for x in _tensors(step.output)}
    agrees = dict(matched)
    for step in reversed(steps):
        if agrees[id(step)] and not isinstance(step, keras.layers.InputLayer):
            for x in _tensors(step.input):
                if id(x) in producers:
                    agrees[id(producers[id(x)])] = True
    return (step for step in steps if not agrees[id(step)])


def _nearest(
    want: Array, values: Mapping[str, Array]
) -> tuple[str | None, float | None]:
    errors = {
        name: float(np.abs(arranged - want.astype(np.float64)).max())
        for name, got in values.items()
        for arranged in _arrangements(want, got)
    }
    finite = {name: error for name, error in errors.items() if np.isfinite(error)}
    if not finite:
        return None, None
    name = min(finite, key=finite.__getitem__)
    return name, finite[name]
