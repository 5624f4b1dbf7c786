"""Handler of `ops.ndim`: layers loop over axes, so they need the rank as an integer."""

from __future__ import annotations

from typing import Any

from keras import KerasTensor

from keras_acts.export.trace.handlers.registry import handler
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import Recorder


@handler("numpy.Ndim")
def _ndim(recorder: Recorder, op: Any, x: Any) -> Any:
    """Return the rank as an integer, or as a tensor where a Functional model has it."""
    if reads.is_in_functional_model(op):
        return recorder.record_node(
            "numpy.Ndim", (x,), {}, KerasTensor((), "int32"), op
        )
    return len(x.shape)
