"""Losses, measures, segments and the functions beside erf, against Keras."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support import export_check, operations
from support.operations import Operation, one

BACKEND = keras.backend.backend()
PAIR = {"shapes": ((3, 4), (3, 4)), "low": 0.01, "high": 0.99}
LOGITS = {"shapes": ((3, 4), (3, 4)), "low": 0.0, "high": 9.0}


def _classes(axis: int = -1, **options: Any) -> Any:
    return lambda t, x: ops.sparse_categorical_crossentropy(
        ops.mod(t, x.shape[axis]), x, axis=axis, **options
    )


def _sparse_on_axis_1(targets: np.ndarray, x: np.ndarray) -> np.ndarray:
    x = np.clip(x / x.sum(1, keepdims=True), 1e-7, 1 - 1e-7)
    return -np.log(np.take_along_axis(x, targets[:, None] % 3, axis=1)[:, 0])


LOSSES = [
    one("binary crossentropy", ops.binary_crossentropy, **PAIR),
    one("binary crossentropy of logits",
        lambda t, x: ops.binary_crossentropy(t / 9, x * 5 - 20, from_logits=True),
        **LOGITS),
    one("categorical crossentropy", ops.categorical_crossentropy, **PAIR),
    one("categorical crossentropy of logits",
        lambda t, x: ops.categorical_crossentropy(t, x, from_logits=True), **LOGITS),
    one("categorical crossentropy of the first axis",
        lambda t, x: ops.categorical_crossentropy(t, x, axis=1),
        shapes=((3, 4), (3, 4)), low=0.01, high=0.99, in_layer=True),
    one("sparse categorical crossentropy of logits", _classes(from_logits=True),
        shapes=((None,), (None, 5)), dtypes=("int32", "float32"), low=0, high=3),
    one("sparse categorical crossentropy of columns",
        lambda t, x: ops.sparse_categorical_crossentropy(ops.mod(t, 5), ops.softmax(x)),
        shapes=((4, 1), (4, 5)), dtypes=("int32", "float32"), low=0, high=3),
    one("sparse categorical crossentropy of the first axis", _classes(1),
        shapes=((4,), (3, 4)), dtypes=("int32", "float32"), low=0.1, high=3,
        reference=_sparse_on_axis_1),
    one("psnr", lambda x, y: ops.psnr(x, y, 2.0) * x, shapes=((3, 4), (3, 4))),
    one("in the top k", lambda t, x: ops.in_top_k(ops.mod(t, 7), x, 3),
        shapes=((), (7,)), dtypes=("int32", "float32"), low=0, high=5),
    one("cdist", ops.cdist, shapes=((None, 5), (4, 5))),
    one("cdist of shared points", ops.cdist, shapes=((2, 3, 5), (1, 4, 5))),
    one("multi_hot", lambda x: ops.multi_hot(x, 6), shapes=((3,),), dtypes=("int32",),
        low=0, in_layer=True),
    one("multi_hot of rows", lambda x: ops.multi_hot(x, 6, dtype="int32"),
        shapes=((None, 3),), dtypes=("int32",), low=0, in_layer=True),
    one("multi_hot of another axis", lambda x: ops.multi_hot(x, 6, 2, "bool"),
        shapes=((None, 3),), dtypes=("int32",), low=0, in_layer=True),
]  # fmt: skip


def _segments(name: str, count: int | None = 4, **options: Any) -> Any:
    reduce = getattr(ops, f"segment_{name}")
    return lambda x, ids: reduce(
        x, ops.reshape(ids, (-1,)) - 1, num_segments=count, **options
    )


def _numpy_segments(ufunc: Any, start: Any, count: int | None = 4) -> Any:
    """Rows with a number out of range belong to no segment."""

    def reduce(x: np.ndarray, ids: np.ndarray) -> np.ndarray:
        ids = ids.reshape(-1) - 1
        number = ids.max() + 1 if count is None else count
        result = np.full((number, *x.shape[1:]), start, x.dtype)
        for row, i in zip(x, ids, strict=True):
            if 0 <= i < number:
                result[i] = ufunc(result[i], row)
        return result

    return reduce


SEGMENTS = [
    one(f"segment_{name}", _segments(name), shapes=((3,), (1,)), in_layer=True, low=0,
        dtypes=("float32", "int32"), opsets=opsets,
        reference=_numpy_segments(ufunc, start))
    for name, ufunc, start, opsets in (
        ("sum", np.add, 0, (17, None, 26)),
        ("prod", np.multiply, 1, (None,)),
        ("max", np.maximum, -np.inf, (17, None)),
        ("min", np.minimum, np.inf, (17, None)),
    )
] + [
    one("segment_sum of scalars", lambda x, ids: ops.segment_sum(x, ids - 1, 6),
        shapes=((), ()), dtypes=("float32", "int32"), low=0,
        reference=_numpy_segments(np.add, 0, 6)),
    one("segment_sum of int8", _segments("sum"), shapes=((3,), (1,)), in_layer=True,
        dtypes=("int8", "int32"), low=0, reference=_numpy_segments(np.add, 0)),
    one("segment_max of integers", _segments("max"), shapes=((3,), (1,)),
        dtypes=("int32",), in_layer=True, low=0,
        reference=_numpy_segments(np.maximum, np.iinfo("int32").min)),
    one("segments of an unknown number", lambda x, ids: ops.segment_sum(x, ids - 1),
        shapes=((3,), ()), dtypes=("float32", "int32"), low=0,
        reference=_numpy_segments(np.add, 0, None)),
]  # fmt: skip

FUNCTIONS = [
    one("erfc", ops.erfc, low=-4, high=9),
    one(
        "erfc of integers",
        ops.erfc,
        dtypes=("int32",),
        reference=lambda x: np.vectorize(math.erfc)(x).astype("float32"),
    ),
    one(
        "erf of integers",
        # Keras says integers of it, and a product with a float is one in any case.
        lambda x: ops.erf(x) * 1.0,
        dtypes=("int32",),
        reference=lambda x: np.vectorize(math.erf)(x).astype("float32"),
    ),
    one(
        "rsqrt of integers",
        lambda x: ops.rsqrt(x + 1) * 1.0,
        dtypes=("int32",),
        low=0,
        reference=lambda x: (1 / np.sqrt(x + 1)).astype("float32"),
    ),
    one("top_k unsorted", lambda x: ops.sort(ops.top_k(x, 2, sorted=False)[0])),
    one("erfinv", ops.erfinv, low=-0.9999, high=0.9999),
]


@export_check.each(*LOSSES, *SEGMENTS, *FUNCTIONS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_error_functions_are_exact(dtype: str) -> None:
    mpmath = pytest.importorskip("mpmath")
    x = keras.Input((None,), dtype=dtype)
    model = keras.Model(x, [ops.erfc(x), ops.erfinv(x)])
    session = export_check.open_session(to_onnx(model, engine="native"))
    inner = [-0.9999999, -0.75, -0.5, -1e-9, 0.0, 1e-30, 0.3, 0.499, 0.51, 0.999]
    outer = [-5.0, -1.0, 1.0, 1.5, 3.0, 6.0, 9.0]
    array = np.asarray([[*inner, *outer, np.inf, -np.inf, np.nan]], dtype)
    complement, inverse = export_check.run(session, [array])
    numbers = [mpmath.mpf(float(v)) for v in array[0, : len(inner) + len(outer)]]
    bound = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        complement[0, : len(numbers)],
        [float(mpmath.erfc(v)) for v in numbers],
        rtol=max(bound, 2e-14),
        atol=1e-38,
    )
    np.testing.assert_array_equal(complement[0, len(numbers) :], [0, 2, math.nan])
    wanted = [float(mpmath.erfinv(v)) for v in numbers[: len(inner)]]
    np.testing.assert_allclose(inverse[0, : len(inner)], wanted, rtol=bound)
    ends = dict(zip(array[0], inverse[0], strict=True))
    assert ends[1.0] == math.inf
    assert ends[-1.0] == -math.inf
    assert np.isnan([ends[3.0], ends[np.inf], inverse[0, -1]]).all()
