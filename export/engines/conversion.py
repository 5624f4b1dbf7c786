"""The result of an engine."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from keras_acts.export.trace import Graph


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    Attributes:
        model: The ONNX model.
        graph: The trace it was converted from; None if the engine doesn't trace.
    """

    model: ir.Model
    graph: Graph | None = None
