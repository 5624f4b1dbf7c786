"""What conditions, loops, maps and scans can't be exported, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from support.control_flow import calling_model


def changes_its_shape(layer, x):
    return ops.while_loop(
        lambda v: ops.max(v) < 9.0,
        lambda v: ops.concatenate([v, v + 1.0], axis=-1),
        x,
    )


def broadens_its_shape(layer, x):
    return ops.fori_loop(0, 3, lambda i, v: v + x, ops.zeros((1, 1, 4)))


def changes_its_dtype(layer, x):
    return ops.fori_loop(0, 3, lambda i, v: v + 0.5, ops.cast(x, "int32"))


def branches_of_other_dtypes(layer, x):
    return ops.cond(ops.max(x) > 0, lambda: x, lambda: ops.cast(x, "int32"))


def branches_of_other_structures(layer, x):
    return ops.cond(ops.max(x) > 0, lambda: (x, x), lambda: [x])


def lets_a_tensor_out(layer, x):
    inside = []

    def one(sample):
        inside.append(sample * 2.0)
        return sample

    return ops.map(one, x) + inside[0]


def draws_at_random(layer, x):
    """The error says once which layer it is about."""
    return ops.map(lambda v: ops.image.elastic_transform(v, seed=1), x[:, None])[:, 0]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (changes_its_shape, r"while loop must return .* Received: .*8"),
        (broadens_its_shape, r"body of a loop must return .* Received: "),
        (changes_its_dtype, r"body of a loop must return .* Received: .*float32"),
        (branches_of_other_dtypes, r"branches must return .* Received: .*int32"),
        (branches_of_other_structures, r"branches must return the same structure"),
        (lets_a_tensor_out, "outside the function that made it"),
        (draws_at_random, r"^Layer \S+ calls the operation image.ElasticTransform"),
    ],
)
def test_what_is_refused(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(UnsupportedOperationError, match=reason):
        to_onnx(calling_model(function), engine="native")


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX refuses it when the model is built"
)
def test_a_tensor_of_the_functional_model_is_refused() -> None:
    x, y = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([x, y], ops.map(lambda v: v * y[0], x) + y)
    with pytest.raises(UnsupportedOperationError, match=r"argument. Received: <Keras"):
        to_onnx(model, engine="native")
