"""Images and their blocks, as channels and as columns, against Keras."""

from __future__ import annotations

import numpy as np
from keras import ops

from support import export_check, operations
from support.differences import on
from support.operations import Operation, one

FIRST = {"data_format": "channels_first"}


def _depth_to_space(x: np.ndarray) -> np.ndarray:
    n, c, h, w = x.shape
    x = x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(n, c // 4, h * 2, w * 2)


def _space_to_depth(x: np.ndarray) -> np.ndarray:
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 5, 2, 4)
    return x.reshape(n, c * 4, h // 2, w // 2)


def _fold_with_gaps(x: np.ndarray) -> np.ndarray:
    """JAX makes such an image one pixel too large."""
    image = np.zeros((len(x), 2, 5, 5), x.dtype)
    image[:, :, ::2, ::2] = x.reshape(-1, 2, 3, 3)
    return image


DEPTH = [
    one(f"{name} of {dtype}", lambda x, f=function: f(x, 2), shapes=(shape,),
        dtypes=(dtype,), opsets=opsets)
    for name, function, shape in (
        ("depth to space", ops.depth_to_space, (3, None, 8)),
        ("space to depth", ops.space_to_depth, (4, 6, 3)),
    )
    for dtype, opsets in (("float32", (17, None, 26)), ("int32", (None,)))
] + [
    one(f"{name} first of {dtype}", lambda x, f=function: f(x, 2, **FIRST),
        shapes=(shape,), dtypes=(dtype,), reference=on("tensorflow", back))
    # TensorFlow takes the depth in another order than the others.
    for name, function, shape, back in (
        ("depth to space", ops.depth_to_space, (8, 3, None), _depth_to_space),
        ("space to depth", ops.space_to_depth, (3, 4, 6), _space_to_depth),
    )
    for dtype in ("float32", "int8")
]  # fmt: skip

COLUMNS = [
    one("unfold", lambda x: ops.unfold(x, 2), shapes=((3, 5, 4),)),
    one("unfold far", lambda x: ops.unfold(x, (3, 2), (1, 2), (1, 0), (2, 1)),
        shapes=((2, 5, 6),), opsets=(17, None, 26)),
    one("fold apart", lambda x: ops.fold(x, 4, 2, stride=2), shapes=((12, 4),)),
    one("fold", lambda x: ops.fold(x, (5, 6), (3, 2), (1, 2), (1, 0), (2, 1)),
        shapes=((12, 12),), opsets=(17, None, 26)),
    one("fold with gaps", lambda x: ops.fold(x, 5, 1, stride=2), shapes=((2, 9),),
        reference=_fold_with_gaps),
]  # fmt: skip


@export_check.each(*DEPTH, *COLUMNS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)
