"""Calls in layers in forms that Keras's own descriptions of results do not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from support import export_check, operations
from support.operations import Operation, one

FOUR = [1.0, -2.0, 0.5, 3.0]
SAME = (((None, 3, 4), "float32"),)


def layer(name: str, call: Any, **row: Any) -> Operation:
    return one(name, call, in_layer=True, **row)


LISTS_AND_NUMBERS = [
    layer("add a list", lambda x: ops.add(x, FOUR)),
    layer(
        "a list less integers",
        lambda x: ops.subtract([3, 2, 1, 0], x),
        dtypes=("int32",),
    ),
    layer("compare with a list", lambda x: ops.greater(x, FOUR)),
    one(
        "where of a list",
        lambda x: ops.where(x > 0, x, FOUR),
        outputs=SAME,
        reference=lambda x: np.where(x > 0, x, np.float32(FOUR)),  # JAX takes none.
    ),
    layer("append a list", lambda x: ops.append(x[0, 0], [7.0, 8.0])),
    layer("hypot of a number", lambda x: ops.hypot(x, 2.0)),
    one(
        "average by a list",
        lambda x: ops.average(x, axis=-1, weights=[1.0, 2.0, 3.0, 4.0]),
        outputs=(((None, 3), "float32"),),
    ),
    layer(
        "searchsorted of a list", lambda x: ops.searchsorted([-1.0, 0.0, 2.0], x[0, 0])
    ),
    one(
        "clip by lists",
        lambda x: ops.clip(x, [0.0] * 4, [1.0, 2.0, 0.5, 1.0]),
        outputs=SAME,
        reference=lambda x: np.clip(x, 0.0, [1.0, 2.0, 0.5, 1.0]),  # JAX takes none.
    ),
    layer("select numbers", lambda x: ops.select([x > 1, x < 0], [1.5, x], 0.0)),
]

TRACED = [
    layer("clip by a tensor", lambda x: ops.clip(x, ops.min(x) / 2, ops.max(x) / 2)),
    one(
        "average over two axes",
        lambda x: ops.average(x, axis=(1, 2)),
        outputs=(((None,), "float32"),),
        reference=lambda x: np.average(x, axis=(1, 2)),  # JAX alone has it.
    ),
    one(
        "append to an unknown size",
        lambda x: ops.append(x, x[:, :2], axis=1),
        shapes=((None, 2),),
        outputs=(((None, None, 2), "float32"),),
    ),
    one(
        "squeeze an unknown size",
        lambda x: ops.squeeze(x[:, :1], axis=1),
        shapes=((None, 2),),
        outputs=(((None, 2), "float32"),),
        empty=False,
    ),
    one(
        "repeat each by a tensor",
        lambda x: ops.repeat(x[:, 0], ops.argmax(x[0], axis=1), axis=1),
        shapes=((4, 4),),
        outputs=(((None, None), "float32"),),
        reference=lambda x: np.repeat(x[:, 0], np.argmax(x[0], axis=1), axis=1),
    ),
    one(
        "empty of a size",
        lambda x: x + 0.0 * ops.nan_to_num(ops.empty(ops.shape(x))),
        shapes=((None, 2),),
        outputs=(((None, None, 2), "float32"),),
        reference=lambda x: x,
    ),
]

SIZE = (((None,), "float32"),)

# Backends want numbers in these places, or values that a compiler does not have.
BY_SIZES = [
    *(
        one(
            f"{name} of a size",
            lambda x, name=name, rest=rest: (
                getattr(ops, name)(ops.shape(x)[1], *rest) * x[0, :, 0]
            ),
            shapes=((None, 2),),
            outputs=SIZE,
            # JAX's windows can't be compiled.
            reference=lambda x, name=name, rest=rest: (
                getattr(np, name)(x.shape[1], *rest) * x[0, :, 0]
            ),
        )
        for name, rest in (
            *((name, ()) for name in ("bartlett", "blackman", "hamming", "hanning")),
            ("kaiser", (2.0,)),
        )
    ),
    one(
        "roll by a tensor",
        lambda x: ops.roll(x, ops.argmax(x[0, 0]) - 2, axis=1),
        shapes=((None, 4),),
        outputs=(((None, None, 4), "float32"),),
        reference=lambda x: np.roll(x, np.argmax(x[0, 0]) - 2, axis=1),
    ),
    one(
        "triu by a tensor",
        lambda x: ops.triu(x, ops.argmax(x[0, 0]) - 1),
        outputs=SAME,
        reference=lambda x: np.triu(x, np.argmax(x[0, 0]) - 1),
    ),
    one(
        "constants clipped by a tensor",
        lambda x: ops.clip(np.float32(FOUR), ops.min(x), x[0, 0]),
        outputs=(((4,), "float32"),),
        reference=lambda x: np.clip(np.float32(FOUR), x.min(), x[0, 0]),
    ),
    one(
        "constants over places",
        lambda x: x[:, :, 0] * ops.trapezoid(np.float32(FOUR), x[0, 0]),
        outputs=(((None, 3), "float32"),),
        reference=lambda x: x[:, :, 0] * _area(np.float32(FOUR), x[0, 0]),
    ),
]


def _area(heights: np.ndarray, places: np.ndarray) -> np.ndarray:
    return ((heights[1:] + heights[:-1]) / 2 * np.diff(places)).sum()


MAPPED = [
    one(
        "vectorize",
        lambda x: ops.vectorize(lambda a: a * ops.abs(a))(x),
        outputs=SAME,
        reference=lambda x: x * np.abs(x),  # TensorFlow refuses it.
    ),
    one(
        "vectorize rows",
        lambda x, y: ops.vectorize(_weighed, signature="(i),(i)->()")(x, y),
        shapes=((3, 4), (1, 4)),
        outputs=(((None, 3), "float32"),),
        reference=lambda x, y: (x * y).sum(-1) + x.max(-1),
    ),
]


def _weighed(a: Any, b: Any) -> Any:
    return ops.sum(a * b) + ops.max(a)


@export_check.each(*LISTS_AND_NUMBERS, *TRACED, *BY_SIZES, *MAPPED)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)
