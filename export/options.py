"""The options of an export, and the values that each can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_acts.export.errors import OpsetError

TARGETS = ("cpu", "cuda", "portable")
ENGINES = ("auto", "native", "tf2onnx")
DTYPES = (None, "float16", "float32", "float64")

OPSETS = range(17, 27)
"""From LayerNormalization's opset to the newest that onnxruntime 1.31 runs."""

DEFAULT_OPSET = 21
"""Newest opset whose Elu, Selu and ThresholdedRelu run on CUDA in every onnxruntime:
many releases match their CUDA kernels up to opset 21 only."""

_IR_VERSIONS = {17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 12}
_NEWEST_IR_VERSION = 13


def check_opset(opset: int | None) -> int:
    """Return the opset to write, the default for None.

    Raises:
        OpsetError: It is none of `OPSETS`.
    """
    if opset is None:
        return DEFAULT_OPSET
    if not isinstance(opset, int) or isinstance(opset, bool) or opset not in OPSETS:
        raise OpsetError(
            f"`opset` must be an integer from {OPSETS[0]} to {OPSETS[-1]}. "
            f"Received: opset={opset!r}"
        )
    return opset


def ir_version(opset: int) -> int:
    """Return the IR version that came with an opset, so that old runtimes read it."""
    return _IR_VERSIONS.get(opset, _NEWEST_IR_VERSION)


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Refuse an option's value that is none of its choices.

    Raises:
        ValueError: It is none of them.
    """
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(
            f"`{name}` must be one of {listed}. Received: {name}={value!r}"
        )
