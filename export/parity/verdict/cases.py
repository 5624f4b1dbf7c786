"""What a case gives to the ONNX model, and what it weighs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.tolerances import Array

if TYPE_CHECKING:  # recorded answers are compared where Keras is not installed
    from keras_acts.export.parity import pairing


def fed(case: Case, inputs: Sequence[pairing.PairedInput]) -> dict[str, Array]:
    """Return the inputs of a case as the ONNX model takes them."""
    return {one.port.name: one.feed(case.inputs[one.spec.name]) for one in inputs}


def is_decisive(case: Case) -> bool:
    """Whether a difference in a case may decide."""
    return case.role != "reported"


def decides(case: Case, want: Array, *, strict: bool) -> bool:
    """Whether a difference decides, given Keras's output in that case."""
    if strict or case.role == "decides":
        return True
    return is_decisive(case) and bool(_finite(want).all())


def deciding(
    case: Case, want: Array, have: Array, *, strict: bool
) -> tuple[Array, Array, bool]:
    """Return both outputs; of random runs what is finite in Keras's, if anything.

    A model that is NaN in some places is compared in the others; the third says so.
    """
    finite = _finite(want)
    if strict or not case.random or finite.all() or not finite.any():
        return want, have, False
    if have.shape != want.shape:
        return want, have, True
    return np.where(finite, want, 0), np.where(finite, have, 0), True


def _finite(array: Array) -> Array:
    return np.isfinite(array) if array.dtype.kind in "fc" else np.ones(1, bool)
