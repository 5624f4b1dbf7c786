"""Connectionist temporal classification, its loss and its decoding, against Keras."""

from __future__ import annotations

from typing import Any

import pytest
from keras import ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from support import export_check, operations
from support.operations import Operation, one


def _loss(labels: Any, logits: Any, length: Any, times: Any, **options: Any) -> Any:
    """Labels of 1 to 4 and lengths that fit: two labels at most in six times."""
    return ops.ctc_loss(
        ops.mod(labels, 4) + 1,
        logits,
        ops.mod(length, 2) + 1,
        ops.mod(times, 2) + 5,
        **options,
    )


def _decode(logits: Any, times: Any, **options: Any) -> Any:
    labels, scores = ops.ctc_decode(
        logits, ops.mod(times, 3) + 4, strategy="greedy", **options
    )
    return scores, ops.swapaxes(labels, 0, 1)


INTEGERS = ("int32", "float32", "int32", "int32")
CASES = [
    one("ctc_loss", _loss, shapes=((2,), (6, 5), (), ()), dtypes=INTEGERS, low=0,
        opsets=(17, None, 26)),
    one("ctc_loss of unknown times", lambda *x: _loss(*x, mask_index=0),
        shapes=((3,), (None, 5), (), ()), dtypes=INTEGERS, low=0),
    one("ctc_decode", _decode, shapes=((6, 3), ()), dtypes=("float32", "int32"),
        opsets=(17, None, 26)),
    one("ctc_decode with repetitions",
        lambda *x: _decode(*x, merge_repeated=False, mask_index=2),
        shapes=((None, 3), ()), dtypes=("float32", "int32")),
]  # fmt: skip


@export_check.each(*CASES)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


def test_beam_search_is_refused() -> None:
    model = one(
        "beams",
        lambda x, n: ops.ctc_decode(x, n, strategy="beam_search"),
        shapes=((6, 3), ()),
        dtypes=("float32", "int32"),
    ).model()
    with pytest.raises(UnsupportedOperationError, match="strategy='beam_search'"):
        to_onnx(model, engine="native")
