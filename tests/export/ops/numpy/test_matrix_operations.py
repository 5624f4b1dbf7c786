"""Tensors joined, split, turned, and the diagonals of matrices, against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from support import export_check, operations
from support.operations import Operation, one

PAIR: dict[str, Any] = {"shapes": ((3, 2), (3, 2))}

JOINING = [
    one("hstack", lambda x, y: ops.hstack([x, y]), shapes=((3, 2), (2, 2))),
    one(
        "hstack vectors",
        lambda x, y: ops.hstack([ops.ravel(x), ops.ravel(y)]),
        shapes=((None,), (2,)),
        in_layer=True,
    ),
    one(
        "vstack",
        lambda x, y: ops.vstack([x, y]),
        dtypes=("int32", "float32"),
        shapes=((3,), (3,)),
    ),
    one("vstack vectors", lambda x: ops.vstack([x[0], x[0] * 2.0]), in_layer=True),
    one("dstack", lambda x, y: ops.dstack([x, y]), **PAIR),
    one("dstack matrices", lambda x, y: ops.dstack([x, y]), shapes=((3,), (3,))),
    one("hsplit", lambda x: ops.hsplit(x, 2), shapes=((4, 3),)),
    one("hsplit at", lambda x: ops.hsplit(x, [1, 3]), shapes=((4,),)),
    one("dsplit", lambda x: ops.dsplit(x, [1])),
    one("vsplit", lambda x: ops.vsplit(ops.transpose(x), 2), shapes=((4,),)),
    one("array_split", lambda x: ops.array_split(x, 3, axis=1), shapes=((8, 2),)),
    one(
        "array_split unknown",
        lambda x: ops.array_split(x, 5, axis=-1),
        shapes=((2, None),),
        reference=lambda x: np.array_split(x, 5, axis=-1),
    ),
    *(
        one(
            f"meshgrid {indexing}",
            lambda x, y, indexing=indexing: ops.meshgrid(
                x, ops.ravel(y), indexing=indexing
            ),
            shapes=((), (3,)),
            in_layer=True,
        )
        for indexing in ("xy", "ij")
    ),
]

TURNING = [
    one("fliplr", ops.fliplr, shapes=((None,),)),
    one("flipud", ops.flipud),
    *(
        one(f"rot90 {k}", lambda x, k=k: ops.rot90(x, k, axes=(1, 2)), in_layer=True)
        for k in (-1, 3)
    ),
    one("rot90", ops.rot90),
    one(
        "rot90 by half a turn",
        lambda x: ops.rot90(x, 2, axes=(1, 2)),
        outputs=(((None, 3, 4), "float32"),),
        reference=lambda x: np.rot90(x, 2, (1, 2)),  # TensorFlow mixes up its rows.
    ),
]

DIAGONALS = [
    one("diagonal", lambda x: ops.diagonal(x, axis1=1, axis2=2)),
    one("diagonal above", lambda x: ops.diagonal(x, 2, axis1=-1, axis2=1)),
    one(
        "diagonal unknown",
        lambda x: ops.diagonal(x, -3, axis1=1, axis2=2),
        shapes=((None, 4),),
        reference=lambda x: np.diagonal(x, -3, axis1=1, axis2=2),
    ),
    one("trace", lambda x: ops.trace(x, 1, axis1=1, axis2=2)),
    one("trace of bytes", lambda x: ops.trace(x, axis1=1, axis2=2), dtypes=("int8",)),
    one("diag of a matrix", lambda x: ops.diag(x[0], -1), in_layer=True),
    one("diag of a vector", lambda x: ops.diag(x[0, 0], -1), in_layer=True),
    one("diag unknown", lambda x: ops.diag(x, 2), shapes=((),)),
    one("diagflat", lambda x: ops.diagflat(x, 1), shapes=((2,),)),
    one("tril", lambda x: ops.tril(x, 1), shapes=((None, 4),)),
    one("triu", lambda x: ops.triu(x, -1), dtypes=("int32",)),
    one("triu bools", lambda x: ops.triu(x, 1), dtypes=("bool",)),
]


@export_check.each(*JOINING, *TURNING, *DIAGONALS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)
