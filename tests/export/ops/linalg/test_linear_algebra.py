"""Systems, inverses, determinants and decompositions, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support import export_check, operations
from support.differences import on
from support.operations import Operation, one

OPSETS = (17, None, 26)
SQUARE: dict[str, Any] = {"shapes": ((4, 4),)}
SYSTEM: dict[str, Any] = {"shapes": ((4, 4), (4, 2))}


def regular(x: Any) -> Any:
    """A matrix far from singular whose elimination exchanges rows."""
    return ops.flip(x / 4 + 3 * ops.eye(x.shape[-1]), axis=-2)


def definite(x: Any) -> Any:
    return ops.matmul(x, ops.swapaxes(x, -1, -2)) + ops.eye(x.shape[-1])


def _jax_vectors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """JAX takes any right side but a single vector for a matrix."""
    a = np.flip(a / 4 + 3 * np.eye(4), axis=-2)
    return np.linalg.solve(a, b[..., None])[..., 0].astype("float32")


def _triangular_vectors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a = np.triu(a / 4 + 3 * np.eye(4))
    return np.linalg.solve(a, b[..., None])[..., 0].astype("float32")


def _inverse_of_factor(x: np.ndarray) -> np.ndarray:
    """JAX transposes all axes, the batch's too."""
    upper = np.triu(x.astype("float64") / 4 + 3 * np.eye(4))
    inverse = np.linalg.inv(np.swapaxes(upper, -1, -2) @ upper)
    return inverse.astype("float32")


def _factored(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """TensorFlow takes no batch, and gives the order of rows, not their exchanges."""
    rows = np.flip(x / 4 + 3 * np.eye(4), axis=-2).astype("float64")
    exchanged = np.zeros(x.shape[:2], "int32")
    for matrix, pivots in zip(rows, exchanged, strict=True):
        for k in range(4):
            p = k + int(np.argmax(np.abs(matrix[k:, k])))
            pivots[k] = p
            matrix[[k, p]] = matrix[[p, k]]
            matrix[k + 1 :, k] /= matrix[k, k]
            matrix[k + 1 :, k + 1 :] -= np.outer(matrix[k + 1 :, k], matrix[k, k + 1 :])
    return rows.astype("float32"), exchanged


SYSTEMS = [
    one("solve", lambda a, b: ops.solve(regular(a), b), opsets=OPSETS, **SYSTEM),
    one("solve for vectors", lambda a, b: ops.solve(regular(a), b),
        shapes=((4, 4), (4,)), reference=on("jax", _jax_vectors)),
    one("solve for a shared matrix",
        lambda b: ops.solve(ops.convert_to_tensor(np.diag([1.0, 2, 3]), "float32"), b),
        shapes=((3, 3),), reference=lambda b: (b / [[1], [2], [3]]).astype("float32")),
    one("solve_triangular",
        lambda a, b: ops.solve_triangular(a / 4 + 3 * ops.eye(4), b, lower=True),
        **SYSTEM),
    one("solve_triangular upper for vectors",
        lambda a, b: ops.solve_triangular(ops.triu(a / 4 + 3 * ops.eye(4)), b),
        shapes=((4, 4), (4,)), opsets=OPSETS,
        reference=on("jax", _triangular_vectors)),
    one("inv", lambda x: ops.inv(regular(x)), opsets=OPSETS, **SQUARE),
    one("det", ops.det, opsets=OPSETS, **SQUARE),
    one("slogdet", ops.slogdet, opsets=OPSETS, shapes=((3, 3),),
        in_layer=True),
    one("logdet", lambda x: ops.logdet(definite(x)), **SQUARE),
]  # fmt: skip


def _unknown_factors(mode: str, rows: int | None, columns: int | None) -> Any:
    """Return what a layer says of factors of which Keras can't know all sizes."""
    if rows is not None and columns is not None:
        return None
    least = None if mode == "reduced" else rows
    sides = (rows, least), (least, columns)
    return tuple(((None, *one), "float32") for one in sides)


FACTORS = [
    one("cholesky", lambda x: ops.cholesky(definite(x)), opsets=OPSETS, **SQUARE),
    one("cholesky upper", lambda x: ops.cholesky(definite(x), upper=True), **SQUARE),
    one("cholesky_inverse",
        lambda x: ops.cholesky_inverse(ops.triu(x / 4 + 3 * ops.eye(4)), upper=True),
        reference=on("jax", _inverse_of_factor), **SQUARE),
    one("lu_factor", lambda x: ops.lu_factor(regular(x))[0], opsets=OPSETS,
        reference=on("tensorflow", lambda x: _factored(x)[0]), **SQUARE),
    one("lu_factor's pivots",
        lambda x: ops.cast(ops.lu_factor(regular(x))[1], "int32"),
        reference=lambda x: _factored(x)[1], **SQUARE),
    *(
        one(f"qr {mode} of {rows} by {columns}", lambda x, m=mode: ops.qr(x, m),
            shapes=((rows, columns),), opsets=opsets,
            outputs=_unknown_factors(mode, rows, columns))
        for mode, rows, columns, opsets in (
            ("reduced", 5, 3, OPSETS),
            ("complete", 4, 2, (None,)),
            ("reduced", 2, 4, (None,)),
            ("complete", 3, 3, (None,)),
            # Unknown sizes are 9 and 12: the other is the shorter one, and the longer.
            ("reduced", None, 10, (17, None)),
            ("reduced", 10, None, (None,)),
            ("complete", None, 10, (None,)),
        )
    ),
]  # fmt: skip


@export_check.each(*SYSTEMS, *FACTORS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


@pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="the others refuse floats beside integers"
)
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32"])
def test_a_system_of_an_array_and_integers_of_unknown_rows(dtype: str) -> None:
    matrix = np.eye(3, dtype="float32") * 2

    def solved(b: Any) -> Any:
        return ops.solve(matrix, b)

    signature = [keras.InputSpec(shape=(None, 2), dtype=dtype, name="b")]
    proto = to_onnx(solved, engine="native", input_signature=signature)
    b = np.arange(6).reshape(3, 2).astype(dtype)
    (got,) = export_check.run(export_check.open_session(proto), [b])
    export_check.assert_alike(got, np.asarray(solved(ops.convert_to_tensor(b))))
