"""Special functions, bits of floats, searches and spacings, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import OpsetError, UnsupportedOperationError, to_onnx
from support import export_check, operations
from support.operations import TWO, Operation, named, one

SPECIAL = [
    *named("fmax", "fmin", "logaddexp2", **TWO),
    one("fmax of one number", lambda x: ops.fmax(ops.log(x), 0.5)),
    one("fmin of integers", lambda x: ops.fmin(x, 2), dtypes=("int32",)),
    one("heaviside", lambda x, y: ops.heaviside(ops.round(x), y), **TWO),
    one(
        "heaviside of a number",
        lambda x: ops.heaviside(ops.round(x), 0.5),
        in_layer=True,
    ),
    *named("sinc", "i0", "signbit", "angle"),
    one("sinc of integers", ops.sinc, dtypes=("int32",), reference=np.sinc),
    one("i0 of large numbers", lambda x: ops.log(ops.i0(x)), low=-60.0, high=60.0),
    one("signbit of zeros", lambda x: ops.signbit(ops.round(x) * 0.0)),
    one("signbit of integers", ops.signbit, dtypes=("int8",)),
    one("angle of integers", ops.angle, dtypes=("int32",), reference=np.angle),
    *named("real", "conj", "conjugate"),
    one("imag", lambda x: x + ops.imag(x), reference=lambda x: x),
    one(
        "isreal",
        lambda x: ops.where(ops.isreal(x), x, 0.0),
        reference=lambda x: x,
    ),
    one(
        "ldexp",
        lambda x, y: ops.ldexp(x, y * 5),
        dtypes=("float32", "int32"),
        reference=lambda x, y: np.ldexp(x, y * 5),
        **TWO,
    ),
    one("array", lambda x: ops.array(x, dtype="int32")),
    one(
        "allclose",
        lambda x, y: ops.where(ops.allclose(x, x + y * 1e-9), x, y),
        **TWO,
    ),
    one("ndim", lambda x: x * ops.cast(ops.ndim(x), "float32"), in_layer=True),
]

VIEWS = [
    one(
        f"view {source} as {target}",
        lambda x, target=target: ops.view(x, target),
        dtypes=(source,),
        opsets=(26,) if "float" in (source + target) else (None,),
        reference=lambda x, target=target: x.view(target),
    )
    for source, target in (
        ("float32", "int32"),
        ("float32", "uint8"),
        ("uint8", "float32"),
        ("int32", "int8"),
        ("int8", "uint8"),
        ("int16", "int32"),
    )
]

SEARCHES = [
    *(
        one(
            f"searchsorted {side}",
            lambda x, y, side=side: ops.searchsorted(ops.sort(x[0]), y, side=side),
            shapes=((6,), (3, 2)),
            dtypes=("int32",),
            outputs=(((None, 3, 2), "int32"),),
            # TensorFlow's takes vectors alone.
            reference=lambda x, y, side=side: np.searchsorted(np.sort(x[0]), y, side),
        )
        for side in ("left", "right")
    ),
    one("digitize", lambda x: ops.digitize(x, np.asarray([-1.0, 0.5, 2.0], "float32"))),
    one("digitize by a list", lambda x: ops.digitize(x, [-1.0, 0.5]), in_layer=True),
    one(
        "isin",
        lambda x, y: ops.isin(x, y[0]),
        shapes=((3, 4), (3,)),
        dtypes=("int32",),
    ),
    one(
        "isin all",
        lambda x, y: ops.isin(x * 2, y),
        shapes=((3,), (None,)),
        dtypes=("int32",),
    ),
    one("isin a list", lambda x: ops.isin(x, [1, 3], invert=True), dtypes=("int32",)),
    one(
        "argpartition",
        lambda x: ops.argpartition(x, 1, axis=-1),
        dtypes=("int32",),
        reference=lambda x: _partitioned(x, 1),
    ),
    one(
        "unravel_index",
        lambda x: ops.unravel_index(x, (3, 2, 2)),
        dtypes=("int32",),
        low=0,
        reference=lambda x: np.unravel_index(x, (3, 2, 2)),
    ),
    one(
        "where it is",
        lambda x: ops.where(x > 0)[-1],
        shapes=((None,),),
        outputs=(((None,), "int32"),),
        reference=lambda x: np.where(x > 0)[-1],
    ),
]


def _partitioned(x: np.ndarray, kth: int) -> np.ndarray:
    """The smallest in order, then the others in theirs, as all backends have it."""
    first = np.argsort(x, axis=-1, kind="stable")[..., : kth + 1]
    rows = [
        [*row, *(i for i in range(x.shape[-1]) if i not in row)]
        for row in first.reshape(-1, kth + 1)
    ]
    return np.asarray(rows).reshape(x.shape)


SPACINGS = [
    one(
        "linspace",
        lambda x: ops.linspace(x, 2.0, 5, axis=-1),
        reference=lambda x: np.linspace(x, 2.0, 5, axis=-1),
    ),
    one("linspace between", lambda x, y: ops.linspace(x, y, 4, endpoint=False), **TWO),
    one(
        "linspace with its step",
        lambda x, y: ops.linspace(x, y, 3, retstep=True),
        in_layer=True,
        **TWO,
    ),
    one(
        "logspace",
        lambda x, y: ops.logspace(x, y, 4, base=3.0),
        reference=lambda x, y: np.logspace(x, y, 4, base=3.0),
        **TWO,
    ),
    one("geomspace", lambda x, y: ops.geomspace(x, y, 4), low=0.1, **TWO),
]


@export_check.each(*SPECIAL, *VIEWS, *SEARCHES, *SPACINGS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


EDGES = [0.0, -0.0, 1.0, -1.0, 0.1, 3e38, -3e38, 1e-45, -1e-45, 1.2e-38, 2.0**-126, 2.0]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nextafter_is_the_next_float(dtype: str) -> None:
    """Keras's own on torch and TensorFlow takes the next float64, and rounds it."""
    rng = np.random.default_rng(3)
    with np.errstate(over="ignore"):
        plain = np.asarray([*EDGES, np.inf, -np.inf, np.nan]).astype(dtype)
    powers = np.asarray(2.0 ** np.arange(-13, 14)).astype(dtype)
    x = np.concatenate([plain, powers, rng.normal(size=99).astype(dtype)])
    with np.errstate(all="ignore"):
        toward = np.concatenate([x * np.inf, -x, x * 0 + 7])
        x = np.concatenate([x, x, x])
        want = np.nextafter(x, toward)
    model = one("nextafter", ops.nextafter, shapes=((), ()), dtypes=(dtype,)).model()
    session = export_check.open_session(to_onnx(model, engine="native"))
    (got,) = export_check.run(session, [x, toward])
    np.testing.assert_array_equal(got, want)


def test_complex_numbers_are_refused() -> None:
    x = keras.Input((3,), dtype="complex64")
    model = keras.Model(x, ops.real(x))
    with pytest.raises(UnsupportedOperationError, match="Received: dtype='complex64'"):
        to_onnx(model, engine="native")


def test_a_sparse_count_is_refused() -> None:
    x = keras.Input((3,), dtype="int32")
    model = keras.Model(x, ops.bincount(x, sparse=True))
    with pytest.raises(UnsupportedOperationError, match="Received: sparse=True"):
        to_onnx(model, engine="native")


def test_a_view_of_floats_needs_its_opset() -> None:
    x = keras.Input((3,))
    with pytest.raises(OpsetError, match=r"BitCast, from opset 26 on.*opset=21"):
        to_onnx(keras.Model(x, ops.view(x, "int32")), engine="native", opset=21)
