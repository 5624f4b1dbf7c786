"""What an engine makes of a model."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from keras_acts.export.trace import Graph


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    Attributes:
        model: The ONNX model.
        graph: The trace that it was made of; None where the engine traces nothing.
    """

    model: ir.Model
    graph: Graph | None = None
