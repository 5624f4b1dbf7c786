"""Singular values, eigenvalues and what is made of them, against Keras.

The signs of the vectors are no rule's, so products in which they cancel are compared.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support import export_check, operations
from support.operations import Operation, one

BACKEND = keras.backend.backend()


def _sum(x: Any) -> Any:
    """What lets a product that is the same for all matrices vary."""
    return ops.sum(x, axis=(-2, -1), keepdims=True)


def _svd(x: Any, **options: Any) -> Any:
    u, s, vh = ops.svd(x, **options)
    rank = s.shape[-1]
    parts = ops.matmul(u[..., :rank] * s[..., None, :], vh[..., :rank, :])
    whole = [ops.matmul(ops.swapaxes(one, -1, -2), one) for one in (u, vh)]
    return s, parts, *(product * _sum(x) for product in whole)


def _eigh(x: Any) -> Any:
    symmetric = x + ops.swapaxes(x, -1, -2)
    values, vectors = ops.eigh(symmetric)
    turned = ops.swapaxes(vectors, -1, -2)
    return (
        values,
        ops.matmul(vectors * values[..., None, :], turned),
        ops.matmul(turned, vectors) * _sum(x),
    )


def _flat(x: Any) -> Any:
    """A matrix whose rank is one less than its rows."""
    return ops.concatenate([x, x[:, :1] * 2], axis=1)


CASES = [
    one("svd of 4 by 3", _svd, shapes=((4, 3),), opsets=(17, None, 26)),
    one("svd reduced of 2 by 5", lambda x: _svd(x, full_matrices=False),
        shapes=((2, 5),)),
    one("svd of a flat matrix", lambda x: _svd(_flat(x)), shapes=((2, 4),)),
    one("eigh", _eigh, shapes=((5, 5),), opsets=(17, None, 26)),
    one("pinv", ops.pinv, shapes=((4, 3),)),
    one("pinv of a wide matrix with a limit", lambda x: ops.pinv(_flat(x), rcond=1e-3),
        shapes=((2, 4),)),
    one("lstsq", ops.lstsq, shapes=((3,), (2,))),
    one("lstsq of more unknowns than equations", lambda a, b: ops.lstsq(a, b, 1e-3),
        shapes=((6,), ())),
    one("matrix_rank", lambda x: ops.matrix_rank(x * ops.cast(x[:, :1] > 0, x.dtype)),
        shapes=((4, 4),)),
    one("matrix_rank above a limit", lambda x: ops.matrix_rank(x, tol=5.0),
        shapes=((5, 4),), reference=lambda x: (np.linalg.svd(x)[1] > 5).sum(-1)),
    one("the nuclear norm", lambda x: ops.norm(x, "nuc", axis=(1, 2)),
        shapes=((3, 4),)),
    one("the norm 2", lambda x: ops.norm(x, 2, axis=(3, 1), keepdims=True),
        shapes=((3, 2, 4),),
        reference=lambda x: np.linalg.norm(x, 2, axis=(3, 1), keepdims=True)),
]  # fmt: skip


@export_check.each(*CASES)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


@pytest.mark.usefixtures("x64")
def test_many_columns_converge() -> None:
    x = keras.Input((40, 40), dtype="float64")
    model = keras.Model(x, [*ops.svd(x), *ops.eigh(x + ops.swapaxes(x, 1, 2))])
    session = export_check.open_session(to_onnx(model, engine="native"))
    array = np.random.default_rng(3).normal(size=(2, 40, 40))
    # Singular values of which many are alike, and one of zero.
    array[1] = np.diag([0.0] + [1.0] * 30 + [2.0] * 9)
    u, s, vh, values, vectors = export_check.run(session, [array])
    symmetric = array + array.swapaxes(1, 2)
    np.testing.assert_allclose(s, np.linalg.svd(array)[1], atol=1e-12)
    np.testing.assert_allclose(u * s[:, None] @ vh, array, atol=1e-11)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(symmetric), atol=1e-11)
    np.testing.assert_allclose(
        vectors * values[:, None] @ vectors.swapaxes(1, 2), symmetric, atol=1e-11
    )
    for orthogonal in (u, vh, vectors):
        product = orthogonal @ orthogonal.swapaxes(1, 2)
        np.testing.assert_allclose(product, np.eye(40)[None].repeat(2, 0), atol=1e-11)
