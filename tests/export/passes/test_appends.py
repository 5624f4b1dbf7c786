"""What is written into the room behind a tensor is appended, and stacks are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import ops

from keras_acts.export import to_onnx

BATCH, PAST, NEW = 2, 3, 2


def roomy(past: Any, new: Any) -> Any:
    """Return a tensor with room for another behind it."""
    batch, count = ops.shape(new)[:2]
    return ops.concatenate([past, ops.zeros((batch, count, 4))], axis=1)


def appended(past: Any, new: Any) -> Any:
    return ops.slice_update(roomy(past, new), [0, ops.shape(past)[1], 0], 2.0 * new)


def less_than_the_room(past: Any, new: Any) -> Any:
    start = [0, ops.shape(past)[1], 0]
    return ops.slice_update(roomy(past, new), start, new[:, 1:])


def before_the_room(past: Any, new: Any) -> Any:
    return ops.slice_update(roomy(past, new), [0, 1, 0], 2.0 * new)


def of_one_row(past: Any, new: Any) -> Any:
    start = [0, ops.shape(past)[1], 0]
    return ops.slice_update(roomy(past, new), start, new[:1])


def of_some_columns(past: Any, new: Any) -> Any:
    start = [0, ops.shape(past)[1], 0]
    return ops.slice_update(roomy(past, new), start, new[:, :, :3])


def beside_the_first_column(past: Any, new: Any) -> Any:
    start = [0, ops.shape(past)[1], 1]
    return ops.slice_update(roomy(past, new), start, new[:, :, :3])


def measured(past: Any, new: Any) -> Any:
    whole = roomy(past, new)
    places = ops.cast(ops.arange(ops.shape(whole)[1]), "float32")
    return appended(past, new) + places[:, None] * ops.cast(
        ops.shape(whole)[0], "float32"
    )


def of_a_stack(past: Any, new: Any) -> Any:
    stack = ops.stack([roomy(past, new), ops.negative(roomy(past, new))], axis=1)
    return ops.slice_update(stack[:, 0], [0, ops.shape(past)[1], 0], new)


def of_parts_of_a_stack(past: Any, new: Any) -> Any:
    pairs = [ops.stack([past, 2.0 * past], axis=1), ops.stack([new, new + 1.0], axis=1)]
    first, second = (ops.concatenate([x, x], axis=2)[:, :, :2] for x in pairs)
    stack = ops.stack([first, second], axis=1)
    return stack[:, 1, 0] + stack[:, -2, -1]


def read_otherwise(past: Any, new: Any) -> Any:
    stack = ops.stack([new, 2.0 * new], axis=0)
    return stack[1] + ops.sum(stack, axis=0) + stack[:, 0, :1, :1] * ops.mean(past)


# A function, and whether its file writes into room, by Pad and Where.
CASES: dict[str, tuple[Callable[..., Any], bool]] = {
    "appended": (appended, False),
    "less than the room": (less_than_the_room, False),
    "before the room": (before_the_room, True),
    "of one row": (of_one_row, True),
    "of some columns": (of_some_columns, True),
    "beside the first column": (beside_the_first_column, True),
    "measured": (measured, False),
    "of a stack": (of_a_stack, False),
    "of parts of a stack": (of_parts_of_a_stack, False),
    "read otherwise": (read_otherwise, False),
}


@pytest.mark.runs_once("the passes see the same graph on each backend")
@pytest.mark.parametrize("name", CASES)
def test_answers_are_those_of_keras(name: str) -> None:
    function, writes = CASES[name]
    signature = [keras.InputSpec(shape=(None, None, 4), dtype="float32")] * 2
    proto = to_onnx(function, input_signature=signature)
    operators = Counter(node.op_type for node in proto.graph.node)
    assert ("Pad" in operators, "Where" in operators) == (writes, writes)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    rng = np.random.default_rng(0)
    for batch, past, new in ((BATCH, PAST, NEW), (1, 5, 2), (2, 2, 2)):
        arrays = [
            rng.normal(size=(batch, count, 4)).astype("float32")
            for count in (past, new)
        ]
        names = [x.name for x in session.get_inputs()]
        (got,) = session.run(None, dict(zip(names, arrays, strict=True)))
        want = keras.ops.convert_to_numpy(function(*map(ops.convert_to_tensor, arrays)))
        np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.runs_once("the passes see the same graph on each backend")
def test_a_stack_is_not_made_to_be_read() -> None:
    def function(a: Any, b: Any) -> Any:
        stack = ops.stack(
            [ops.stack([a, b], axis=1), ops.stack([b, a], axis=1)], axis=1
        )
        return stack[:, 1, 0] - stack[:, 0, ..., 0, :, :]

    signature = [keras.InputSpec(shape=(None, 3, 4), dtype="float32")] * 2
    graph = to_onnx(function, input_signature=signature).graph
    assert [node.op_type for node in graph.node] == ["Sub"]
