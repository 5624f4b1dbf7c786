"""Weights, constants and tensors beside sizes that are unknown until the model runs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, run
from support.runs.evidence import compares_answers

LAST = {"data_format": "channels_last"}
WEIGHT = np.random.default_rng(0).normal(size=(1, 12, 12, 2)).astype("float32")
ROWS = np.arange(12, dtype="int32")

CALLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "resize": lambda w, n, x: ops.image.resize(w, (n, n + 1), **LAST),
    "resize one side": lambda w, n, x: ops.image.resize(w, (n, 3), **LAST),
    "pad": lambda w, n, x: ops.pad(w, [[0, 0], [0, n], [n, 1], [0, 0]]),
    "pad images": lambda w, n, x: ops.image.pad_images(w, 1, 1, n, 2, **LAST),
    "one hot": lambda w, n, x: ops.one_hot(np.array([1, 2]), n),
    "top k of a weight": lambda w, n, x: ops.top_k(ops.reshape(w, (12, -1)), n)[0],
    "top k": lambda w, n, x: ops.top_k(ops.reshape(x, (-1,)), n)[0],
    "segments of a weight": lambda w, n, x: ops.segment_sum(
        w[0, :, 0], ROWS % 3, num_segments=n
    ),
    "segments": lambda w, n, x: ops.segment_sum(
        ops.reshape(x, (-1,)), ops.cast(ops.reshape(x, (-1,)) > 0, "int32"),
        num_segments=n,
    ),
    "scatter": lambda w, n, x: ops.scatter(
        np.array([[0], [1]]), np.ones((2, 3), "float32"), (n, 3)
    ),
    "upper triangle": lambda w, n, x: ops.triu(w[0, :, :, 0], k=n - 3),
    "lower triangle": lambda w, n, x: ops.tril(w[0, :, :, 0], k=n - 3),
    "places": lambda w, n, x: ops.unravel_index(ops.arange(4), (n, n))[0],
    "slice": lambda w, n, x: ops.slice(w, (0, n, 0, 0), (1, 2, 2, 2)),
    "update": lambda w, n, x: ops.slice_update(
        w, (0, n, 0, 0), np.ones((1, 2, 2, 2), "float32")
    ),
    "row": lambda w, n, x: ops.take(w, n - 1, axis=1),
    "loop": lambda w, n, x: ops.fori_loop(0, n, lambda i, v: v * 0.9 + 1.0, w),
    "steps before": lambda w, n, x: ops.cast(ops.arange(12) < n, "float32"),
    "the larger": lambda w, n, x: w[:, : max(n, 3)],
}  # fmt: skip
"""Functions of a weight, of the second size of the input, and of the input."""


class Call(layers.Layer):
    """Calls a function of a weight, of a size and of its input."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(name="call")
        self.function = function

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=WEIGHT.shape, name="table")
        self.table.assign(WEIGHT)

    def call(self, x: Any) -> Any:
        return self.function(self.table, ops.shape(x)[1], x)


class Model(keras.Model):
    """Calls a layer."""

    def __init__(self, layer: Any) -> None:
        super().__init__(name="model")
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)


def check(function: Callable[..., Any]) -> None:
    """Compare the answers for two sizes with what Keras answers."""
    arrays = [
        np.random.default_rng(1).normal(size=size).astype("float32")
        for size in ((2, 4, 3), (3, 6, 3))
    ]
    model = Model(Call(function))
    model(arrays[0])
    signature = [keras.InputSpec(shape=(None, None, 3), name="x")]
    proto = to_onnx(model, engine="native", input_signature=signature)
    if not compares_answers():
        return
    session = open_session(proto)
    for x in arrays:
        want = np.asarray(ops.convert_to_numpy(model(x)))
        assert_alike(run(session, [x])[0], want)


_INT64 = pytest.mark.files_differ("indices are int64 on torch, int32 on the others")
OF_INDICES = {"one hot", "top k of a weight", "scatter"}
_TENSORFLOW = pytest.mark.files_differ("on TensorFlow, for a cause not found yet")
MARKS = {**dict.fromkeys(OF_INDICES, _INT64), "pad images": _TENSORFLOW}
NAMES = [pytest.param(name, marks=MARKS.get(name, ())) for name in CALLS]
OF_VARIABLES = {"resize", "resize one side", "slice", "update", "loop"}


@pytest.mark.filterwarnings("ignore:The model.s code raises")
@pytest.mark.parametrize("name", NAMES)
def test_a_size_beside_weights_and_constants(name: str) -> None:
    if keras.backend.backend() == "jax" and name in OF_VARIABLES:
        pytest.skip("Keras on JAX refuses a variable that jax.numpy itself would read")
    check(CALLS[name])


OPERATORS = ("and_", "or_", "xor", "lt", "ge", "eq", "ne", "add", "mul", "sub")
OPERANDS: dict[str, Callable[[Any, Any], Any]] = {
    "the backend's": lambda n, x: ops.arange(12),
    "NumPy's": lambda n, x: ROWS,
    "a traced one": lambda n, x: ops.cast(ops.sum(x[:1, :1], -1), "int32"),
}


@pytest.mark.files_differ("the backends promote integers by rules of their own")
@pytest.mark.parametrize("kind", OPERANDS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_tensors_and_sizes(name: str, kind: str) -> None:
    """Integers bit by bit; on either side."""
    function = getattr(operator, name)

    def call(_table: Any, n: Any, x: Any) -> Any:
        other = OPERANDS[kind](n, x)
        return ops.stack([function(other, n), function(n, other)])

    check(call)


@pytest.mark.files_differ("the backends promote integers by rules of their own")
def test_operators_of_bits() -> None:
    def call(_table: Any, _n: Any, x: Any) -> Any:
        whole, small = ops.cast(x * 8, "int32"), x < 0.5
        bits = [whole & 3, 5 | whole, whole ^ whole[:1], ~whole]
        truths = [small & (x > 0), small | (x > 0), small ^ (x > 0), ~small]
        return ops.stack([*bits, *(ops.cast(one, "int32") for one in truths)])

    check(call)


def test_code_that_asks_what_its_input_is() -> None:
    def call(_table: Any, n: Any, x: Any) -> Any:
        assert ops.is_tensor(x), f"no tensor of sizes {x.shape}"
        assert not ops.is_tensor(n), f"{n} is a number"
        assert not ops.is_tensor([x])
        assert not ops.is_tensor(ROWS)
        assert ops.dtype(x) == keras.backend.standardize_dtype(x.dtype), f"{x.dtype}"
        assert keras.backend.is_float_dtype(x.dtype)
        return x * 2.0

    check(call)
