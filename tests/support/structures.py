"""What the tests of whole models share: a small one, its names and sizes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx
from keras import layers

from support.export_check import assert_alike, draw_plain, open_session, run
from support.runs.evidence import compares_answers

Array = np.ndarray


def check_answers(
    proto: onnx.ModelProto, model: Any, arguments: Any, batch: int = 3, size: int = 5
) -> None:
    """Check a model against the file on arrays in the place of shapes."""
    if not compares_answers():
        return
    rng = np.random.default_rng(3)

    def draw(x: keras.KerasTensor) -> Array:
        sizes = [batch if i == 0 else n or size for i, n in enumerate(x.shape)]
        return draw_plain(rng, sizes, x.dtype)

    arrays = keras.tree.map_structure(draw, arguments)
    want = keras.tree.flatten(model(*arrays, training=False))
    want = [x for x in want if x is not None]
    got = run(open_session(proto), keras.tree.flatten(list(arrays)))
    for expected, actual in zip(want, got, strict=True):
        assert_alike(actual, np.asarray(keras.ops.convert_to_numpy(expected)))


def tensor(*shape: int | None, dtype: str = "float32", name: str | None = None) -> Any:
    return keras.KerasTensor((None, *shape), dtype, name=name)


def names(values: Any) -> list[str]:
    return [value.name for value in values]


def sizes(value: onnx.ValueInfoProto) -> list[int | str]:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def dense_model(**kwargs: Any) -> keras.Model:
    x = keras.Input((4,), name="features")
    return keras.Model(x, layers.Dense(3, activation="tanh", name="out")(x), **kwargs)
