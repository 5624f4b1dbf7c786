"""Inputs without elements: a batch of none, and sequences or images of size 0.

Every exported model that is compared with Keras is compared on these too, as far as
Keras answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

import keras
import numpy as np
import onnx

Array = np.ndarray

ABORTS = {"GRU", "LSTM", "RNN", "Scan"}
"""Operators that end the process on a batch of none (docs/onnxruntime.md)."""

ABORTS_ON_SIZES = {*ABORTS, "InstanceNormalization"}
"""Those that end it where another size is 0."""

TRANSPOSED = re.compile("Conv[123]DTranspose$")
"""Layers that JAX alone answers on images of size 0, with columns of the bias."""


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
    batches = all(shape and shape[0] is None for shape in shapes)
    if batches and not has_any(proto.graph, ABORTS):
        yield _drawn(model, 0, 5)
    layers = model._flatten_layers()
    transposed = any(TRANSPOSED.match(type(one).__name__) for one in layers)
    sizes = any(None in shape[1:] for shape in shapes) and not transposed
    if sizes and not has_any(proto.graph, ABORTS_ON_SIZES):
        yield _drawn(model, 2, 0)


def has_any(graph: onnx.GraphProto, operators: Collection[str]) -> bool:
    """Whether a graph, or one inside of it, has an operator of some."""
    return any(
        node.op_type in operators
        or any(has_any(one.g, operators) for one in node.attribute if one.HasField("g"))
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


def keras_answers(
    model: keras.Model,
    answer: Callable[[list[Array]], list[Array]],
    arrays: list[Array],
) -> list[Array] | None:
    """Return Keras's answers; None where there is nothing to compare with.

    It refuses, or a mean of nothing is NaN, or the sizes aren't those that the model
    states: TensorFlow's convolutions hand a batch of none back as it came.
    """
    try:
        found = answer(arrays)
    except Exception:  # of any backend, of any kind
        return None
    stated = (tuple(x.shape) for x in keras.tree.flatten(model.outputs))
    pairs = zip(stated, found, strict=True)
    if not all(_is_of(shape, array.shape) for shape, array in pairs):
        return None
    floats = [x.astype("float64") for x in found if x.dtype.kind not in "biu"]
    return None if any(np.isnan(x).any() for x in floats) else found


def _is_of(stated: tuple[int | None, ...], found: tuple[int, ...]) -> bool:
    """Whether sizes are those stated, as far as these are known."""
    return len(stated) == len(found) and all(
        one in (None, size) for one, size in zip(stated, found, strict=True)
    )


def answers_of(run: Any, arrays: list[Array]) -> list[Array] | None:
    """Return the file's answers; None where onnxruntime is known to refuse."""
    try:
        found: list[Array] = run(arrays)
    except Exception as error:  # onnxruntime's errors have no public base class
        if any(known in str(error) for known in REFUSED):
            return None
        raise
    return found
