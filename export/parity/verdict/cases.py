"""What a case gives to the ONNX model, and what it weighs."""

from __future__ import annotations

from collections.abc import Sequence

from keras_acts.export.parity import pairing
from keras_acts.export.parity.inputs import Case
from keras_acts.export.parity.tolerances import Array, largest


def fed(case: Case, inputs: Sequence[pairing.PairedInput]) -> dict[str, Array]:
    """Return the inputs of a case as the ONNX model takes them."""
    return {one.port.name: one.feed(case.inputs[one.spec.name]) for one in inputs}


def is_decisive(case: Case) -> bool:
    """Whether a difference in a case may decide."""
    return case.role != "reported"


def largest_input(case: Case) -> float:
    """Return the largest number in the float inputs, at least 1."""
    floats = (x for x in case.inputs.values() if x.dtype.kind == "f")
    return max([1.0, *map(largest, floats)])
