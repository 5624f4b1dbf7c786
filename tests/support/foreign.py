"""Graphs as other exporters write them, and whether the passes keep their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
from onnx import numpy_helper

from keras_acts.export.passes import run_passes

OPSET = 21
SHAPE = (2, 3, 4, 5)
Array = np.ndarray


@dataclass(frozen=True)
class Foreign:
    """A graph in ONNX's text format, of an input `x` and an output `y`.

    Attributes:
        name: What it is about.
        body: Its nodes.
        weights: Its initializers: arrays, or shapes of random ones.
        shape: The input's shape.
        sizes: The input's sizes as the file declares them.
        branch: The nodes of a branch that the body reads as `then`, if any.
    """

    name: str
    body: str
    weights: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = SHAPE
    sizes: str = "batch, 3, h, w"
    opset: int = OPSET

    def __str__(self) -> str:
        return self.name

    def model(self) -> onnx.ModelProto:
        domains = f'"" : {self.opset}, "other" : 1, "com.microsoft" : 1'
        text = (
            f"<ir_version: 10, opset_import: [{domains}]> "
            f"g (float[{self.sizes}] x) => (float[] y) {{ {self.body} }}"
        )
        model = onnx.parser.parse_model(text)
        model.graph.output[0].type.tensor_type.ClearField("shape")
        rng = np.random.default_rng(3)
        for name, given in self.weights.items():
            drawn = isinstance(given, tuple)
            array = rng.normal(size=given).astype("float32") if drawn else given
            model.graph.initializer.append(
                numpy_helper.from_array(np.asarray(array), name)
            )
        return model


def answers(model: onnx.ModelProto, x: Array) -> list[Array]:
    """Run a model without onnxruntime's own optimizations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = (
        onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    )
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: x})


def passed(model: onnx.ModelProto) -> onnx.ModelProto:
    converted = ir.from_proto(model)
    run_passes(converted, writer="another exporter")
    return ir.to_proto(converted)


def check(model: onnx.ModelProto, x: Array) -> onnx.ModelProto:
    want = answers(model, x)
    after = passed(model)
    for got, expected in zip(answers(after, x), want, strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    return after


def ints(*values: int) -> Array:
    return np.asarray(values, np.int64)
