"""Parts of tensors by arrays of places and by masks, against NumPy.

TensorFlow refuses most of these outside of an export, and torch puts the axes of an
integer beside an array elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from keras_acts.export import to_onnx
from support import export_check, operations
from support.operations import Operation

ROWS = np.asarray([1, 0, -1])
COLUMNS = np.asarray([[0], [3]])
KEPT = np.asarray([True, False, True])


def taken(
    name: str, key: Callable[..., Any], shape: tuple[int | None, ...], **row: Any
) -> Operation:
    """A row that indexes its first input by a key made of the other ones."""

    def call(x: Any, *others: Any) -> Any:
        return x[key(x, *others)]

    outputs = ((shape, "float32"),)
    return Operation(name, call, outputs=outputs, reference=call, **row)


CASES = [
    taken("an array", lambda x: (slice(None), ROWS), (None, 3, 4)),
    taken("a list", lambda x: (slice(None), 2, [2, 0]), (None, 2)),
    taken("a mask of an axis", lambda x: (slice(1, None), KEPT), (None, 2, 4)),
    taken("two arrays", lambda x: (slice(None), ROWS, COLUMNS), (None, 2, 3)),
    taken("arrays apart", lambda x: (0, slice(None), ROWS), (3, 3)),
    taken("after an ellipsis", lambda x: (..., None, ROWS), (None, 3, 1, 3)),
    taken("a mask", lambda x: x > 0, (None,), shapes=((None, 4),)),
    taken("a mask of rows", lambda x: (x[:, :, 0] > 0, slice(1, 3)), (None, 2)),
]


@export_check.each(*CASES)
def test_takes_like_numpy(case: Operation) -> None:
    operations.check_operation(case)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x, i: x[:, i], (None, None, 4)),
        (lambda x, i: x[i[:, None], :, i - 2], (None, None, 3)),
    ],
)
def test_takes_places_that_come_in(call: Any, shape: tuple[int | None, ...]) -> None:
    case = Operation(
        "places",
        call,
        shapes=((3, 4), ()),
        dtypes=("float32", "int32"),
        outputs=((shape, "float32"),),
    )
    proto = to_onnx(case.model(), engine="native")
    x = np.random.default_rng(1).normal(size=(3, 3, 4)).astype("float32")
    places = np.asarray([1, 0, 2, 2], "int32")
    (got,) = export_check.run(export_check.open_session(proto), [x, places])
    np.testing.assert_array_equal(got, call(x, places))
