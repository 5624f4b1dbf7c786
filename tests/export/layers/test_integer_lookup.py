"""The lookup of integers in a vocabulary, in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_acts.export import UnsupportedOperationError, to_onnx
from support import export_check
from support.export_check import LayerCase, check_layer, each
from support.precision import float64_enabled

Array = np.ndarray

VOCABULARY = [5, 100, -3, 7, 2**40]


def tokens_of(vocabulary: Sequence[int]) -> Callable[..., Array]:
    def draw(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> Array:
        return rng.choice(np.asarray(vocabulary, dtype), shape)

    return draw


def table(shape: tuple[int, ...], *operators: str, **kwargs: Any) -> LayerCase:
    """A table of integers; of the numbers drawn some are outside it."""
    outside = [] if kwargs.get("num_oov_indices") == 0 else [0, 8, -20, 101]
    kwargs = {"vocabulary": VOCABULARY, **kwargs}
    found = {"Equal", "Gather", "LessOrEqual", "Where"}
    return LayerCase(
        layers.IntegerLookup,
        kwargs,
        shape,
        {"Add", *found, *operators},
        dtype="int64",
        draw=tokens_of([*VOCABULARY, *outside]),
    )


COUNTED = (
    *("Concat", "Expand", "GreaterOrEqual", "Less", "Or"),
    *("ScatterElements", "Slice"),
)
"""What counts indices, at a cost that doesn't grow with the vocabulary."""

TABLES = [
    table((4,)),
    table((4,), mask_token=8, num_oov_indices=0),
    table((4,), "Mod", mask_token=0, num_oov_indices=3),
    table((1,), output_mode="one_hot", mask_token=0),
    table((5,), *COUNTED, "Min", output_mode="multi_hot", num_oov_indices=0),
    table((4, 4), *COUNTED, output_mode="count"),
    table((5,), *COUNTED, output_mode="count", max_tokens=9, pad_to_max_tokens=True),
    table(
        (5,),
        *("Mod", "Mul", *COUNTED),
        output_mode="tf_idf",
        idf_weights=[0.25, 0.75, 0.5, 1.5, 1.0],
        num_oov_indices=2,
    ),
    LayerCase(
        layers.IntegerLookup,
        {"vocabulary": VOCABULARY, "invert": True, "mask_token": 9},
        (4,),
        {"And", "Equal", "Gather", "GreaterOrEqual", "Less", "Sub", "Where"},
        dtype="int64",
        draw=tokens_of(range(-1, 9)),
    ),
]


@each(*TABLES)
def test_tables(case: LayerCase) -> None:
    # Keras looks up in a table of TensorFlow's, which JAX can't compile.
    check_layer(case, lambda model: lambda x: model(x))


def test_a_table_of_one_integer_and_of_none() -> None:
    x = keras.Input((3,), dtype="int64")
    tables = [layers.IntegerLookup(vocabulary=[7]), layers.IntegerLookup()]
    tables[1].adapt(np.asarray([], "int64"))
    with float64_enabled():
        model = keras.Model(x, [one(x) for one in tables])
        numbers = np.asarray([[7, 8, -7]])
        proto = to_onnx(model, engine="native")
    found, none = export_check.run(export_check.open_session(proto), [numbers])
    np.testing.assert_array_equal(found, [[1, 0, 0]])
    np.testing.assert_array_equal(none, [[0, 0, 0]])


@pytest.mark.parametrize(
    ("kwargs", "matter"),
    [
        ({"num_oov_indices": 2, "oov_method": "farmhash"}, "oov_method"),
        ({"sparse": True, "output_mode": "count"}, "sparse"),
    ],
)
def test_a_table_that_needs_more_is_refused(kwargs: Any, matter: str) -> None:
    if "sparse" in kwargs and keras.backend.backend() != "tensorflow":
        pytest.skip("Keras has sparse tensors in these layers on TensorFlow alone")
    layer = layers.IntegerLookup(vocabulary=VOCABULARY, **kwargs)
    x = keras.Input((3,), dtype="int64")
    model = keras.Model(x, layer(x))
    with pytest.raises(UnsupportedOperationError, match=matter):
        to_onnx(model, engine="native")
