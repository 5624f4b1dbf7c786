"""What is asked of an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Names = Sequence[str] | Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """A conversion, as `to_onnx` was asked for it; its documentation says the rest.

    Attributes:
        model: A Keras model or layer, or a `SavedModel`.
        opset: None for the engine's own default.
    """

    model: Any
    input_signature: Any = None
    opset: int | None = None
    target: str = "cpu"
    input_names: Names | None = None
    output_names: Names | None = None
    dtype: str | None = None
    inputs_as_nchw: Sequence[str] = ()
