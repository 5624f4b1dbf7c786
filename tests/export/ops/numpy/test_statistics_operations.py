"""Quantiles, reductions without NaN, counts and correlations, against Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from support import export_check, operations
from support.differences import on
from support.operations import Operation, one

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")
SOME = [0.0, 0.3, 1.0]

QUANTILES = [
    one("median", lambda x: ops.median(x, axis=1), opsets=(17, None, 26)),
    one("median of two axes", lambda x: ops.median(x, axis=(0, -1), keepdims=True)),
    one("median of all", lambda x: x - ops.median(x), dtypes=("int32",)),
    *(
        one(
            f"quantile {method}",
            lambda x, method=method: ops.quantile(x, 0.3, axis=-1, method=method),
            shapes=((None, 4),),
            in_layer=True,  # Outside of layers Keras forgets the method.
        )
        for method in METHODS
    ),
    one(
        "quantiles",
        lambda x: ops.quantile(x, SOME, axis=1, keepdims=True),
        outputs=(((3, None, 1, 4), "float32"),),
        # TensorFlow's has the axes in another order.
        reference=lambda x: np.quantile(x, SOME, axis=1, keepdims=True),
    ),
    one(
        "quantile of one in a list", lambda x: x - ops.quantile(x, [0.3]), in_layer=True
    ),
    one(
        "quantile by a tensor",
        lambda x, q: ops.quantile(x, q[0], axis=1),
        shapes=((4,), (2,)),
        low=0.0,
        high=1.0,
        in_layer=True,
    ),
    one(
        "quantile with NaN",
        lambda x: ops.quantile(ops.log(x + 2.5), 0.4, axis=-1),
        reference=lambda x: np.quantile(_log(x + 2.5), 0.4, axis=-1),
    ),
    one("percentile", lambda x: ops.percentile(x, 30, axis=1), dtypes=("float16",)),
    one("percentiles", lambda x: ops.percentile(x, [10, 75], axis=(1, 2))),
    *(
        one(
            name,
            lambda x, name=name, rest=rest: getattr(ops, name)(
                ops.log(x), *rest, axis=-1, keepdims=True
            ),
            # TensorFlow's forgets the quantiles' axis, torch's the rows of nothing.
            reference=lambda x, name=name, rest=rest: getattr(np, name)(
                _log(x), *rest, axis=-1, keepdims=True
            ),
        )
        for name, rest in (
            ("nanmedian", ()),
            ("nanquantile", (0.3,)),
            ("nanpercentile", ([20.0, 65.0],)),
        )
    ),
]


def _log(x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.log(x)


def without_nan(name: str, **arguments: Any) -> Operation:
    function = getattr(ops, name)
    shown = "-".join(f"{k}={v}" for k, v in arguments.items())
    return one(f"{name}-{shown}", lambda x: function(ops.log(x + 1.5), **arguments))


NAN_REDUCTIONS = [
    *(
        without_nan(f"nan{name}", axis=axis, keepdims=keepdims)
        for name in ("sum", "prod", "max", "min", "mean", "var", "std")
        for axis, keepdims in ((1, False), ((0, 2), True))
    ),
    *(without_nan(f"nanarg{name}", axis=2) for name in ("max", "min")),
    without_nan("nanargmax", axis=1, keepdims=True),
    without_nan("nancumsum", axis=1),
    without_nan("nancumprod", axis=2),
    *(
        one(name, lambda x, name=name: getattr(ops, name)(x, axis=1), dtypes=("int32",))
        for name in ("nansum", "nanmax", "nanargmin")
    ),
    one(
        "nanmax of nothing else",
        lambda x: ops.nanmax(ops.log(x), axis=-1),
        low=-3.0,
        high=0.5,
    ),
]


RUNNING = [
    one("cumprod", lambda x: ops.cumprod(x, axis=1), opsets=(17, None, 26)),
    one("cumprod of all", ops.cumprod, shapes=((None,),), dtypes=("int32",)),
    one(
        "cumprod with zeros",
        lambda x: ops.cumprod(ops.round(x), axis=-1),
        shapes=((None, 5),),
    ),
    one(
        "cumprod dtype",
        lambda x: ops.cumprod(x, axis=2, dtype="float32"),
        dtypes=("bool",),
    ),
    one("cumsum of all", ops.cumsum, shapes=((None,),)),
]


def bincount(x: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Of each row, as long as the largest element of all asks; Keras's on JAX can't
    be compiled, and torch's takes no weights of several rows.
    """
    rows = range(len(x))
    length = max(int(x.max()) + 1, 4)
    parts = [
        np.bincount(x[i], None if weights is None else weights[i], length) for i in rows
    ]
    return np.stack(parts)


def uniques(**arguments: Any) -> Callable[..., Any]:
    return lambda x: np.unique(x, **arguments)


OF_INDICES = "places and counts are int64 on torch, int32 on the others"

COUNTS = [
    one(
        "bincount",
        lambda x: ops.bincount(x, minlength=4),
        shapes=((None,),),
        dtypes=("int32",),
        low=0,
        reference=bincount,
        opsets=(17, None),
    ),
    one(
        "bincount weights",
        lambda x, w: ops.bincount(x, weights=w, minlength=4),
        shapes=((5,), (5,)),
        dtypes=("int32", "float32"),
        low=0,
        reference=bincount,
        outputs=(((None, None), "float32"),),
    ),
    one(
        "histogram",
        lambda x: ops.histogram(x, 4),
        shapes=((),),
        reference=lambda x: np.histogram(x, 4),  # Keras on torch lacks the function.
    ),
    one(
        "histogram of a range",
        lambda x: ops.histogram(x, 3, range=(-1.0, 2.0)),
        shapes=((),),
        reference=lambda x: np.histogram(x, 3, range=(-1.0, 2.0)),
    ),
    one(
        "unique",
        lambda x: ops.unique(x, return_inverse=True, return_counts=True),
        dtypes=("int32",),
        shapes=((None,),),
        reference=on("jax", uniques(return_inverse=True, return_counts=True)),
        files_differ=OF_INDICES,
    ),
    one(
        "unique rows",
        lambda x: ops.unique(x, return_index=True, axis=0),
        shapes=((1,),),
        dtypes=("int8",),
        reference=on("jax", uniques(return_index=True, axis=0)),
        files_differ=OF_INDICES,
    ),
    *(
        one(
            f"unique of size {size}",
            lambda x, size=size: ops.unique(
                x, size=size, fill_value=9, return_counts=True
            ),
            dtypes=("int32",),
            files_differ=OF_INDICES,
            # JAX gives no counts of nothing, whatever the size.
            empty=keras.backend.backend() != "jax",
        )
        for size in (3, 20)
    ),
    one(
        "nonzero",
        lambda x: ops.nonzero(x > 0.5),
        reference=lambda x: np.nonzero(x > 0.5),
    ),
]

CORRELATIONS = [
    one("diff", lambda x: ops.diff(x, axis=1)),
    one("diff twice", lambda x: ops.diff(x, n=2), shapes=((None,),)),
    one("diff of bools", lambda x: ops.diff(x, axis=1), dtypes=("bool",)),
    one("trapezoid", lambda x: ops.trapezoid(x, dx=0.5, axis=1), shapes=((None, 2),)),
    one(
        "trapezoid over places",
        lambda y, x: ops.trapezoid(y, x, axis=1),
        shapes=((3, 4), (3, 4)),
        in_layer=True,
    ),
    one(
        "trapezoid over a vector",
        lambda y: ops.trapezoid(y, np.asarray([0.0, 1.0, 3.0, 7.0], "float32")),
        in_layer=True,
    ),
    one("vander", ops.vander, shapes=((),)),
    one("vander rising", lambda x: ops.vander(x, 4, increasing=True), shapes=((),)),
    one("kron", lambda x, y: ops.kron(x[0], y[0]), shapes=((2, 3), (3, 2))),
    one(
        "kron of ranks",
        lambda x, y: ops.kron(x, y[0]),
        shapes=((2, 3), (2,)),
        outputs=(((None, 2, 6), "float32"),),
        reference=lambda x, y: np.kron(x, y[0]),  # TensorFlow's takes one rank alone.
    ),
    one(
        "cross",
        lambda x, y: ops.cross(x, y, axis=-1),
        shapes=((4, 3), (4, 3)),
        in_layer=True,
    ),
    one(
        "cross with the plane",
        lambda x, y: ops.cross(x, y, axisa=1, axisb=-1, axisc=0),
        shapes=((3, 4), (4, 2)),
        reference=lambda x, y: np.cross(
            x, np.pad(y, ((0, 0), (0, 0), (0, 1))), 1, -1, 0
        ),
    ),
    one(
        "cross in the plane",
        lambda x, y: ops.cross(x, y),
        shapes=((2,), (2,)),
        reference=lambda x, y: x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0],
    ),
    one(
        "corrcoef",
        ops.corrcoef,
        shapes=((5,),),
        outputs=(((None, None), "float32"),),
    ),
    *(
        one(
            f"correlate {mode} {shapes}",
            lambda x, y, mode=mode: ops.correlate(x[0], y[0], mode),
            shapes=shapes,
            # torch and TensorFlow mistake the longer for the shorter.
            reference=lambda x, y, mode=mode: np.correlate(x[0], y[0], mode),
        )
        for mode in ("valid", "same", "full")
        for shapes in (((5,), (2,)), ((2,), (4,)))
    ),
]


@export_check.each(*QUANTILES, *NAN_REDUCTIONS, *RUNNING, *COUNTS, *CORRELATIONS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)
