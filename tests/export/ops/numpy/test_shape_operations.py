"""Operations over axes and shapes: reductions, reshaping, slicing, resizing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from support import export_check, operations
from support.operations import Operation, one


def reduced(name: str, **arguments: Any) -> Operation:
    function = getattr(ops, name)
    row: dict[str, Any] = {
        key: arguments.pop(key)
        for key in ("dtypes", "opsets", "empty")
        if key in arguments
    }
    shown = "-".join(f"{k}={v}" for k, v in arguments.items())
    return Operation(
        f"{name}-{shown}", lambda x: function(x, **arguments), ((3, 4),), **row
    )


REDUCTIONS = [
    *(
        reduced(name, axis=axis, keepdims=keepdims, opsets=opsets)
        for name in ("sum", "mean", "max", "min", "prod", "var", "std", "logsumexp")
        for axis, keepdims, opsets in (
            (-1, False, (17, 18, 26)),
            ((1, 2), True, (None,)),
            (0, True, (None,)),
        )
    ),
    *(
        reduced(name, dtypes=("bool",), axis=1)
        for name in ("any", "all", "sum", "mean")
    ),
    *(reduced(name, dtypes=("uint8",), axis=1) for name in ("all", "max")),
    replace(
        reduced("sum", dtypes=("uint8",), axis=1),
        files_differ="torch has no uint32, in which the others sum uint8",
    ),
    *(reduced(name, dtypes=("int8",), axis=1) for name in ("sum", "prod", "min")),
    *(reduced(name, axis=1) for name in ("argmax", "argmin", "ptp")),
    reduced("argmax", axis=-1, keepdims=True),
    one(
        "count_nonzero",
        lambda x: ops.count_nonzero(x, axis=1),
        dtypes=("bool",),
        reference=lambda x: np.count_nonzero(x, axis=1),
    ),
    reduced("argmax", axis=1, dtypes=("uint8",)),
    reduced("max", axis=-1, initial=2.0, empty=False),
    reduced("cumsum", axis=1),
    reduced("cumsum", axis=-1, dtypes=("bool",)),
    reduced("average", axis=-1, weights=np.asarray([1.0, 2.0, 3.0, 4.0], "float32")),
    reduced("norm", axis=(-1,)),
    reduced("norm", axis=(1, 2), ord=1),
]

PADS = ((0, 0), (2, 1), (0, 2))
WIDE_PADS = ((0, 0), (5, 7), (3, 0))

RESHAPING = [
    one("reshape", lambda x: ops.reshape(x, (-1, 2, 6))),
    one(
        "reshape by shape",
        lambda x: ops.reshape(x, (ops.shape(x)[0], -1, 2)),
        shapes=((None, 4),),
        in_layer=True,
    ),
    one("expand_dims", lambda x: ops.expand_dims(x, -2)),
    one("squeeze", lambda x: ops.squeeze(ops.sum(x, 0, keepdims=True))),
    one("squeeze an axis", lambda x: ops.squeeze(x, -1), shapes=((1, 4, 1),)),
    one("transpose", lambda x: ops.transpose(x, (0, 2, 1))),
    one("moveaxis", lambda x: ops.moveaxis(x, (1, 2), (-1, 1)), shapes=((2, 3, 4),)),
    one("swapaxes", lambda x: ops.swapaxes(x, 1, -1)),
    one(
        "broadcast_to", lambda x: ops.broadcast_to(ops.sum(x, 0), (2, 3, 4)) + x[:1, :]
    ),
    one(
        "broadcast_to by shape",
        lambda x: ops.broadcast_to(x[:, :1], ops.shape(x)),
        shapes=((None, 4),),
        in_layer=True,
    ),
    one("tile", lambda x: ops.tile(x, (2, 3)), shapes=((None, 4),)),
    one(
        "tile to a higher rank",
        lambda x: ops.transpose(ops.tile(x, (2, 1, 1, 1)), (1, 0, 2, 3)),
    ),
    one("repeat", lambda x: ops.repeat(x, 2, axis=1)),
    one(
        "repeat unknown", lambda x: ops.repeat(x, 3, axis=1), shapes=((None, None, 4),)
    ),
    one("repeat each", lambda x: ops.repeat(x, np.asarray([1, 0, 2, 3]), axis=-1)),
    one("stack", lambda x, y: ops.stack([x, y, x], axis=-2), shapes=((3,), (3,))),
    one("concatenate", lambda x, y: ops.concatenate([x, y], -1), shapes=((3,), (2,))),
    one(
        "concatenate dtypes",
        lambda x, y: ops.concatenate([x, y], 1),
        shapes=((3,), (2,)),
        dtypes=("int32", "float32"),
    ),
    one("append", lambda x, y: ops.append(x, y, axis=1), shapes=((3,), (2,))),
    one("split", lambda x: ops.split(x, 2, axis=-1), opsets=(17, 26)),
    one("split at", lambda x: ops.split(x, [1, 3], axis=-1)),
    one("split unknown", lambda x: ops.split(x, 3, axis=1), shapes=((None, 2),)),
    one("unstack", lambda x: ops.unstack(x, axis=1)),
    one("pad", lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)))),
    one(
        "pad constant",
        lambda x: ops.pad(x, ((0, 0), (1, 0), (0, 1)), constant_values=7),
        dtypes=("int32",),
    ),
    *(
        one(
            f"pad {mode}",
            lambda x, mode=mode: ops.pad(x, PADS, mode),
            shapes=((None, 4),),
            reference=lambda x, mode=mode: np.pad(x, PADS, mode),
        )
        for mode in ("reflect", "symmetric")
    ),
    *(
        # As NumPy and JAX do; torch and TensorFlow refuse, or repeat the edge.
        one(
            f"pad {mode} by more than there is",
            lambda x, mode=mode: ops.pad(x, WIDE_PADS, mode),
            shapes=((3, 2),),
            reference=lambda x, mode=mode: np.pad(x, WIDE_PADS, mode),
        )
        for mode in ("reflect", "symmetric")
    ),
    one("pad bools", lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0))), dtypes=("bool",)),
    one("flip", lambda x: ops.flip(x, axis=1), shapes=((None, 4),)),
    one("flip two axes", lambda x: ops.flip(x, axis=(1, -1))),
    one("roll", lambda x: ops.roll(x, 5, axis=1)),
    one("roll unknown", lambda x: ops.roll(x, -14, axis=1), shapes=((None, 4),)),
    one("roll two axes", lambda x: ops.roll(x, (1, -2), axis=(1, 2))),
]

SLICING = [
    one("get an element", lambda x: x[:, 1]),
    one("get the last element", lambda x: x[:, -1], shapes=((None, 4),)),
    one("get a slice", lambda x: x[:, 1:-1, ::2], shapes=((None, 5),)),
    one("get reversed", lambda x: x[..., ::-1], reference=lambda x: x[..., ::-1]),
    one("get by ellipsis", lambda x: x[..., 1, None], shapes=((2, 3, 4),)),
    one("get new axes", lambda x: x[:, None, :, 0, None]),
    one(
        "get to a size",
        lambda x: x[:, : ops.shape(x)[1] - 2],
        shapes=((None, 4),),
        in_layer=True,
    ),
    one("take", lambda x: ops.take(x, [2, 0, -1], axis=1)),
    one(
        "take by a tensor",
        lambda x, i: ops.take(x[0], i, axis=0),
        shapes=((6, 4), (2,)),
        dtypes=("float32", "int32"),
        low=0,
    ),
    one(
        "take_along_axis",
        lambda x: ops.take_along_axis(x, ops.argsort(x, axis=1), axis=1),
    ),
    one(
        "take_along_axis broadcast",
        lambda x: ops.take_along_axis(
            x, ops.argmax(x, 1, keepdims=True)[:, :, :1], axis=1
        ),
    ),
    one("slice", lambda x: ops.slice(x, (0, 1, 2), (1, 2, 2))),
    one(
        "slice to the end",
        lambda x: ops.slice(x, (0, 1, 2), (-1, 2, -1)),
        shapes=((None, 4),),
        reference=lambda x: x[:, 1:3, 2:],
    ),
    one(
        "slice_update",
        lambda x: ops.slice_update(x, (0, 1, 1), -x[:, 1:, 1:]),
        shapes=((None, 4),),
    ),
    one(
        "scatter_update",
        lambda x: ops.scatter_update(x, [[0, 1, 1], [0, 2, 0]], x[0, 0, :2]),
    ),
    one(
        "top_k",
        lambda x: ops.top_k(x, 2),
        files_differ="indices are int64 on torch, int32 on the others",
    ),
    one("sort", lambda x: ops.sort(x, axis=1), shapes=((None, 4),)),
    one("argsort", lambda x: ops.argsort(x, axis=-1)),
    *(
        one(
            f"one_hot on axis {axis}",
            lambda x, axis=axis: ops.one_hot(x, 4, axis=axis),
            dtypes=("int32",),
            reference=lambda x, axis=axis: np.stack([x == i for i in range(4)], axis),
        )
        for axis in (-1, 1)
    ),
]

CREATION = [
    one("zeros_like", lambda x: x - ops.zeros_like(x), shapes=((None, 4),)),
    one("ones_like", lambda x: x + ops.ones_like(x, dtype="int32")),
    one("full_like", lambda x: x * ops.full_like(x, 2.5), shapes=((None, 4),)),
    one(
        "arange of a size",
        lambda x: x + ops.cast(ops.arange(ops.shape(x)[1]), "float32")[:, None],
        shapes=((None, 4),),
        in_layer=True,
    ),
    one(
        "size",
        lambda x: x * ops.cast(ops.size(x), "float32"),
        shapes=((None, 4),),
        files_differ="sizes are int64 on torch",
    ),
]


def cubic(size: int, new: int) -> np.ndarray:
    """The matrix that resizes an axis by cubic convolution, a = -1/2 (Keys 1981)."""
    centers = (np.arange(new) + 0.5) * size / new - 0.5
    d = np.abs(centers[:, None] - np.arange(size))
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    weights = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
    return (weights / weights.sum(1, keepdims=True)).astype("float32")


def by_cubic(new: tuple[int, int]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.einsum(
        "hi,wj,bijc->bhwc", cubic(6, new[0]), cubic(8, new[1]), x
    )


IMAGES = [
    one(
        f"resize {how} {size}",
        lambda x, how=how, size=size: ops.image.resize(
            x, size, how, data_format="channels_last"
        ),
        shapes=((6, 8, 3),),
        # TensorFlow takes the cubic from a rough table, torch has a = -3/4.
        reference=by_cubic(size) if how == "bicubic" else None,
    )
    for how in ("nearest", "bilinear", "bicubic")
    for size in ((12, 16), (9, 5))
]


@export_check.each(*REDUCTIONS, *RESHAPING, *SLICING, *CREATION, *IMAGES)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


REARRANGED = [
    one(
        "rearrange patches",
        lambda x: ops.rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p=2, q=3),
        shapes=((4, 6, 2),),
        in_layer=True,
    ),
    one(
        "rearrange unknown sizes",
        lambda x: ops.rearrange(x, "b t (n c) -> (b n) t c", n=2),
        shapes=((None, 6),),
        in_layer=True,
    ),
]


@pytest.mark.skipif(
    keras.backend.backend() == "jax",
    reason="Keras's code divides sizes, which unknown ones of JAX can't be",
)
@export_check.each(*REARRANGED)
def test_rearranges_like_keras(case: Operation) -> None:
    operations.check_operation(case)
