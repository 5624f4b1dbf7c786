"""Inputs without elements: a batch of none, and sequences or images of size 0.

Every exported model that is compared with Keras is compared on these too, as far as
Keras answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import onnx

Array = np.ndarray

ABORTS = {"GRU", "LSTM", "RNN", "Scan"}
"""Operators that end the process on a batch of none (docs/onnxruntime.md)."""


REFUSED = (
    "Size of X.shape[axis:] must be at least 1",
    "Invalid input shape",
    "PoolAttributes::SetOutputSize",
)
"""What onnxruntime says of those that it refuses, likewise."""


def empty_inputs(model: keras.Model, proto: onnx.ModelProto) -> Iterator[list[Array]]:
    """Yield inputs of a batch of none, and of a batch of two with other sizes 0."""
    shapes = [tuple(x.shape) for x in model.inputs]
    if not shapes or any(x.dtype == "string" for x in model.inputs):
        return
    if all(shape and shape[0] is None for shape in shapes) and not aborts(proto.graph):
        yield _drawn(model, 0, 5)
    if any(None in shape[1:] for shape in shapes) and not aborts(proto.graph):
        yield _drawn(model, 2, 0)


def aborts(graph: onnx.GraphProto) -> bool:
    """Whether a graph has an operator that ends the process on a batch of none."""
    return any(
        node.op_type in ABORTS
        or any(aborts(one.g) for one in node.attribute if one.HasField("g"))
        for node in graph.node
    )


def _drawn(model: keras.Model, batch: int, size: int) -> list[Array]:
    arrays = []
    for x in model.inputs:
        first, *rest = x.shape
        shape = [batch if first is None else first]
        shape += [size if one is None else one for one in rest]
        arrays.append(np.ones(shape, np.dtype(x.dtype)))
    return arrays


def keras_answers(answer: Any, arrays: list[Array]) -> list[Array] | None:
    """Return Keras's answers; None where it refuses, or a mean of nothing is NaN."""
    try:
        found: list[Array] = answer(arrays)
    except Exception:  # of any backend, of any kind
        return None
    floats = [x.astype("float64") for x in found if x.dtype.kind not in "biu"]
    return None if any(np.isnan(x).any() for x in floats) else found


def answers_of(run: Any, arrays: list[Array]) -> list[Array] | None:
    """Return the file's answers; None where onnxruntime is known to refuse."""
    try:
        found: list[Array] = run(arrays)
    except Exception as error:  # onnxruntime's errors have no public base class
        if any(known in str(error) for known in REFUSED):
            return None
        raise
    return found
