"""What the exporter of a backend returns, and what it may raise."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import onnx_ir as ir

from keras_acts.export.errors import EngineError


@dataclass(frozen=True)
class Exported:
    """An island as its exporter wrote it.

    Attributes:
        model: Its graph takes the island's variables, then its tensors, in their order.
        weights: What the initializers are, by their names in the model: a variable of
            Keras, or the parts of the name of a weight of the backend in the layer.
    """

    model: ir.Model
    weights: Mapping[str, Any] = field(default_factory=dict)


def require(exporter: str, packages: tuple[str, ...], extra: str) -> None:
    """Raise an error if a package that an exporter needs is not installed.

    Raises:
        EngineError: One of them is missing.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise EngineError(
                f"The exporter of such layers, {exporter}, needs {package}, which is "
                "not installed: "
                f'`pip install "keras-acts[{extra}]"`. Received: no module {package!r}'
            )
