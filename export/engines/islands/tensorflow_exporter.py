"""TensorFlow's exporter: tf2onnx, of the graph that a layer's call is traced to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_acts.export.engines.islands.exported import Exported, require
from keras_acts.export.engines.tf2onnx import engine
from keras_acts.export.trace import Island, TracedInput

NAME = engine.NAME


def version() -> str:
    """Return the version of tf2onnx."""
    import tf2onnx

    return str(tf2onnx.__version__)


def export(island: Island, opset: int, target: str) -> Exported:
    """Convert an island with tf2onnx.

    Raises:
        EngineError: tf2onnx is not installed.
        UnsupportedOperationError: It can't convert an operation.
    """
    require(NAME, (NAME,), "tensorflow")
    weights = [
        TracedInput(tuple(v.shape), v.dtype, f"weight_{i}")
        for i, v in enumerate(island.variables)
    ]
    tensors = [
        TracedInput(tuple(spec.shape), spec.dtype, f"input_{i}")
        for i, spec in enumerate(island.specs)
    ]

    def call(given: Mapping[str, Any]) -> dict[str, Any]:
        results = island(
            [given[one.name] for one in tensors], [given[one.name] for one in weights]
        )
        return {f"output_{i}": x for i, x in enumerate(results)}

    highest = min(opset, engine.HIGHEST_OPSET)
    specs = [*weights, *tensors]
    model = engine.converted_call(call, specs, island.layer, highest, target)
    return Exported(model)
