"""Python's operators in a layer give what those of the backend's tensors give."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import open_session, run

DTYPES = ("bool", "uint8", "int8", "int32", "int64", "float16", "float32")
OTHERS: dict[str, Any] = {
    "a number": 2,
    "a fraction": 2.5,
    "float32 of NumPy": np.float32(2),
    "float64 of NumPy": np.float64(2),
    "int32 of NumPy": np.int32(2),
    "int64 of NumPy": np.int64(2),
    "an array of int32": np.array([1, 2, 2], "int32"),
    "an array of int64": np.array([1, 2, 2]),
    "an array of float64": np.array([1.0, 2.0, 0.3]),
    **{f"a tensor of {dtype}": dtype for dtype in DTYPES},
}
NAMES = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
X = np.array([[1, 3, 5], [2, 4, 1]], "float32")

UNLIKE = {
    "jax": lambda name, dtype, other: (
        name == "pow" and dtype in ("uint8", "int8") and "of NumPy" in other
    ),
    "tensorflow": lambda name, dtype, other: (
        dtype == "bool"
        and name in ("mul", "truediv")
        and isinstance(OTHERS[other], np.ndarray | np.generic)
    ),
}
"""Where a backend has rules of its own still: a power of few bits by an integer is
theirs on JAX; booleans by an array are float64 or cut off on TensorFlow."""


def computed(name: str, dtype: str, other: str, swapped: bool, x: Any) -> Any:
    """Return what an operator gives for a tensor of a dtype and another operand."""
    first, second = ops.cast(x, dtype), OTHERS[other]
    if isinstance(second, str):
        second = ops.cast(x, second)
    if swapped:
        first, second = second, first
    return getattr(operator, name)(first, second)


def accepted(name: str, swapped: bool) -> Iterator[tuple[str, str]]:
    """Yield the operands of which the backend's operator makes a tensor."""
    x = ops.convert_to_tensor(X)
    unlike = UNLIKE.get(keras.backend.backend(), lambda *_: False)
    for dtype in DTYPES:
        for other in OTHERS:
            if unlike(name, dtype, other):
                continue
            try:
                made = computed(name, dtype, other, swapped, x)
            except Exception:
                continue
            if not isinstance(made, np.ndarray):
                yield dtype, other


class Operators(layers.Layer):
    """Returns what an operator gives for each pair of operands."""

    def __init__(self, name: str, swapped: bool) -> None:
        super().__init__(name="operators")
        self.operator, self.swapped = name, swapped
        self.pairs = list(accepted(name, swapped))

    def call(self, x: Any) -> Any:
        return [computed(self.operator, *pair, self.swapped, x) for pair in self.pairs]

    def compute_output_spec(self, x: Any) -> Any:
        return [keras.KerasTensor(x.shape, "float32") for _ in self.pairs]


@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
@pytest.mark.files_differ("each backend promotes by rules of its own")
@pytest.mark.parametrize("swapped", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("name", NAMES)
def test_operands_of_each_dtype(name: str, swapped: bool) -> None:
    layer = Operators(name, swapped)
    assert len(layer.pairs) > 40
    x = keras.Input((3,), name="x")
    proto = to_onnx(keras.Model(x, layer(x)), engine="native")
    answers = run(open_session(proto), [X])
    for pair, got, tensor in zip(layer.pairs, answers, layer(X), strict=True):
        want = np.asarray(ops.convert_to_numpy(tensor))
        assert got.dtype == want.dtype, pair
        np.testing.assert_allclose(got, want, rtol=2e-3, err_msg=str(pair))


ROWS = np.arange(24).reshape(8, 3)
OF_ARRAYS = {
    "a part": lambda table, n, x: x + table[:n],
    "a part, first": lambda table, n, x: table[:n] * x,
    "a part and a number": lambda table, n, x: x - 2 * table[:n],
    "a part and an array": lambda table, n, x: x * (table[:n] + table[:1]),
    "an array and a size": lambda table, n, x: x + table[:1] / n,
}


class OfArray(layers.Layer):
    """Computes with an array, by a size that is unknown until the model runs."""

    def __init__(self, name: str, dtype: str) -> None:
        super().__init__(name="of_array")
        self.function = OF_ARRAYS[name]
        self.table = ROWS.astype(dtype)

    def call(self, x: Any) -> Any:
        return self.function(self.table, ops.shape(x)[1], x)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, "float32")


@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
@pytest.mark.files_differ("each backend promotes by rules of its own")
@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("name", OF_ARRAYS)
def test_a_part_of_an_array_stays_an_array(name: str, dtype: str) -> None:
    layer = OfArray(name, dtype)
    try:
        layer(np.ones((2, 4, 3), "float32"))
    except TypeError:
        pytest.skip("the backend's tensor is no second operand of an array")
    x = keras.Input((None, 3), name="x")
    session = open_session(to_onnx(keras.Model(x, layer(x)), engine="native"))
    for length in (4, 6):
        given = np.full((2, length, 3), 0.3, "float32")
        (got,) = run(session, [given])
        want = np.asarray(ops.convert_to_numpy(layer(given)))
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6)
