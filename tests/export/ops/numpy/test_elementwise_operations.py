"""Arithmetic, functions of each element, comparison and casts, against Keras."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support import export_check, operations
from support.operations import POSITIVE, TWO, Operation, named, one

ARITHMETIC = [
    *named("add", "subtract", "multiply", "divide", "maximum", "minimum", **TWO),
    *named("true_divide", "floor_divide", "mod", "logaddexp", "arctan2", **TWO),
    *named("power", **TWO, **POSITIVE),
    *named("add", "subtract", "multiply", "maximum", dtypes=("int32",), **TWO),
    one("mod of integers", lambda x: ops.mod(x, -3), dtypes=("int32",)),
    *named("add", "multiply", "maximum", dtypes=("int8",), **TWO),
    *named("add", "multiply", "floor_divide", dtypes=("int32", "float32"), **TWO),
    *named("divide", dtypes=("int32",), low=1, **TWO),
    *named("add", "multiply", dtypes=("uint8", "int16"), **TWO),
    *named("logical_or", "logical_and", dtypes=("bool",), **TWO),
    *(
        one(
            name,
            getattr(ops, name),
            dtypes=("bool",),
            reference=getattr(np, name),
            **TWO,
        )
        for name in ("add", "multiply")
    ),
    one("add a float to integers", lambda x: x + 0.5, dtypes=("int32",)),
    one("power of a number", lambda x: 2.0**x),
    one("divide_no_nan", lambda x: ops.divide_no_nan(x, ops.round(x))),
    one("floor_divide by one", lambda x: ops.floor_divide(x * 10, 1.0)),
    one("floor_divide ints", lambda x: ops.floor_divide(x, 3), dtypes=("int32",)),
    one("mod of negatives", lambda x: ops.mod(x, -1.3)),
    *named("hypot", **TWO),
]

ELEMENTWISE = [
    *named("negative", "abs", "absolute", "sign", "square", "exp", "expm1", "exp2"),
    *named("floor", "ceil", "round", "trunc", "sin", "cos", "tan", "tanh", "cbrt"),
    *named("arctan", "sinh", "cosh", "arcsinh", "erf", "deg2rad", "rad2deg"),
    *named("sqrt", "rsqrt", "log", "log1p", "log2", "log10", "reciprocal", **POSITIVE),
    *named("arcsin", "arccos", "arctanh", low=-0.99, high=0.99),
    *named("arccosh", low=1.0, high=9.0),
    *named("expm1", "log1p", low=-1e-3, high=1e-3),
    *named("negative", "abs", "sign", "square", dtypes=("int32",)),
    *named("sqrt", "exp", "floor", dtypes=("int32",), low=0),
    one("round to tenths", lambda x: ops.round(x, 1)),
    one("round to tens", lambda x: ops.round(x * 30, -1)),
    one("round halves", lambda x: ops.round(ops.round(x) + 0.5)),
    one("clip", lambda x: ops.clip(x, -1.0, 1.5)),
    one("clip ints", lambda x: ops.clip(x, -300, 2), dtypes=("int8",)),
    one("clip to arrays", lambda x: ops.clip(x, np.zeros(4, "f"), np.ones(4, "f"))),
    one("nan_to_num", lambda x: ops.nan_to_num(ops.log(x))),
    one(
        "nan_to_num numbers",
        lambda x: ops.nan_to_num(ops.log(ops.maximum(x, 0.0)), 1.0, 2.0, -3.0),
    ),
    *named("copy"),
]

COMPARISON = [
    *named("equal", "not_equal", "greater", "greater_equal", dtypes=("int32",), **TWO),
    *named("less", "less_equal", "greater", **TWO),
    one(
        "equal of dtypes",
        lambda x, y: ops.equal(x, ops.round(y)),
        dtypes=("int32", "float32"),
        **TWO,
    ),
    *named("greater", dtypes=("int32", "float32"), **TWO),
    *named("equal", dtypes=("bool",), **TWO),
    *(
        one(
            name,
            getattr(ops, name),
            dtypes=("bool",),
            reference=getattr(np, name),
            **TWO,
        )
        for name in ("greater", "less_equal")
    ),
    *named("less", "equal", dtypes=("uint8", "int16"), **TWO),
    *named("logical_and", "logical_or", "logical_xor", dtypes=("uint8",), **TWO),
    *named("logical_not", dtypes=("bool",)),
    *named("isclose", dtypes=("int32",), **TWO),
    one("compare with a number", lambda x: x > 0.5),
    one("compare integers with a float", lambda x: x > 0.5, dtypes=("int32",)),
    one("isnan", lambda x: ops.isnan(ops.log(x))),
    one("isinf", lambda x: ops.isinf(1.0 / ops.round(x)), opsets=(17, 26)),
    one("isfinite", lambda x: ops.isfinite(ops.log(ops.maximum(x, 0.0)))),
    one(
        "isfinite of integers",
        lambda x: ops.cast(ops.isfinite(x), "int32") + x,
        dtypes=("int32",),
    ),
    one("where", lambda x, y: ops.where(x > y, x, y), **TWO),
    one("where of bools", lambda x, y: ops.where(x, x, y), dtypes=("bool",), **TWO),
    one("where of numbers", lambda x: ops.where(x > 0, x, -1.0)),
    one("where of integers", lambda x: ops.where(x > 0, x, 7), dtypes=("int16",)),
    one("select", lambda x: ops.select([x > 1, x > 0], [x, -x], 3.0)),
]


CASTING = [
    *(
        one(f"cast to {dtype}", lambda x, dtype=dtype: ops.cast(ops.trunc(x), dtype))
        for dtype in ("int32", "int8", "float16", "bool")
    ),
    *(
        one(f"cast {dtype}", lambda x: ops.cast(x, "float32"), dtypes=(dtype,))
        for dtype in ("bool", "int32", "uint8", "float16")
    ),
    one("saturate_cast", lambda x: ops.saturate_cast(x * 200, "int8")),
    one("stop_gradient", lambda x: ops.stop_gradient(x) * 2),
]


@export_check.each(*ARITHMETIC, *ELEMENTWISE, *COMPARISON, *CASTING)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)


# In float64 onnxruntime lacks most of these, and Keras computes them in float32 on JAX.
FLOAT64 = {
    "arccos": (-1.0, 1.0),
    "arccosh": (1.0, 9.0),
    "arcsin": (-1.0, 1.0),
    "arcsinh": (-9.0, 9.0),
    "arctan": (-9.0, 9.0),
    "arctanh": (-0.99, 0.99),
    "cosh": (-3.0, 3.0),
    "erf": (-2.0, 2.0),
    "expm1": (-1.0, 1.0),
    "log1p": (-0.9, 1.0),
    "sinh": (-3.0, 3.0),
    "tan": (-1.5, 1.5),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", FLOAT64)
def test_float64_is_exact(name: str) -> None:
    x = keras.Input((None,), dtype="float64")
    proto = to_onnx(keras.Model(x, getattr(ops, name)(x)), engine="native")
    low, high = FLOAT64[name]
    ends = [low, high, 1e-9, 1e10, -1e10, np.inf, -np.inf, np.nan]
    array = np.asarray([[*np.linspace(low, high, 101), *ends]])
    with np.errstate(all="ignore"):
        want = (
            np.vectorize(math.erf)(array) if name == "erf" else getattr(np, name)(array)
        )
    (got,) = export_check.run(export_check.open_session(proto), [array])
    np.testing.assert_allclose(got, want, rtol=4e-15, atol=1e-300)
