"""Models of strings and numbers: tables, texts before a network, labels behind one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import (
    SignatureError,
    UnsupportedOperationError,
    to_onnx,
    verify,
)
from support import export_check
from support.runs.evidence import compares_answers

BACKEND = keras.backend.backend()
VOCABULARY = ["red", "green", "Grün", "deep blue"]

pytestmark = [
    pytest.mark.answers_differ("Keras calls models on strings on TensorFlow alone"),
    # Of Keras, about the inputs of a FeatureSpace.
    pytest.mark.filterwarnings("ignore:The structure of `inputs`:UserWarning"),
]


def texts(name: str, *shape: int) -> keras.KerasTensor:
    return keras.Input(shape, dtype="string", name=name)


def lookup_beside_numbers() -> keras.Model:
    colour, size = texts("colour", 1), keras.Input((1,), dtype="int64", name="size")
    found = layers.StringLookup(vocabulary=VOCABULARY, mask_token="")(colour)
    return keras.Model(
        [colour, size],
        layers.Concatenate()([found, layers.IntegerLookup(vocabulary=[5, 6])(size)]),
    )


def encodings_and_argmax() -> keras.Model:
    colour, size = texts("colour", 1), keras.Input((1,), dtype="int64", name="size")
    weight = keras.Input((1,), name="weight")
    bins = layers.Discretization(bin_boundaries=[-1.0, 0.0, 1.0])(weight)
    encoded = [
        layers.StringLookup(vocabulary=VOCABULARY, output_mode="one_hot")(colour),
        layers.IntegerLookup(vocabulary=[5, 6], output_mode="multi_hot")(size),
        layers.CategoryEncoding(4, output_mode="one_hot")(bins),
    ]
    floats = [layers.Rescaling(1.0)(x) for x in encoded]
    scores = layers.Dense(3)(layers.Concatenate()(floats))
    return keras.Model([colour, size, weight], [scores, ops.argmax(scores, axis=-1)])


def texts_before_a_network() -> keras.Model:
    review = texts("review", 1)
    words = layers.TextVectorization(
        vocabulary=VOCABULARY, standardize="lower", output_sequence_length=8
    )(review)
    hidden = layers.Embedding(6, 8, mask_zero=True)(words)
    return keras.Model(review, layers.Dense(2)(layers.LSTM(4)(hidden)))


def counted_words() -> keras.Model:
    words = layers.TextVectorization(vocabulary=VOCABULARY, output_mode="count")
    return keras.Sequential([texts("review", 1), words, layers.Dense(2)])


def labels_behind_a_network() -> keras.Model:
    x = keras.Input((4,), name="x")
    best = ops.argmax(layers.Dense(4)(x), axis=-1)
    labels = layers.StringLookup(vocabulary=VOCABULARY, num_oov_indices=0, invert=True)
    return keras.Model(x, labels(best))


def features(mode: str, **kwargs: Any) -> Any:
    space = keras.utils.FeatureSpace(
        {
            "colour": "string_categorical",
            "size": "integer_categorical",
            "weight": "float_normalized",
            "age": keras.utils.FeatureSpace.float_discretized(4),
            "price": "float_rescaled",
            "length": "float",
        },
        output_mode=mode,
        **kwargs,
    )
    numbers = [0.0, 0.5, 1.0, 2.0]
    space.adapt(
        {
            "colour": ["red", "green", "Grün", "red"],
            "size": [1, 5, 7, 1],
            **dict.fromkeys(("weight", "age", "price", "length"), numbers),
        }
    )
    return space


def feature_space() -> keras.Model:
    space = features("concat")
    encoded = layers.Dense(2)(space.get_encoded_features())
    return keras.Model(space.get_inputs(), encoded)


def feature_space_alone() -> Any:
    return features("dict")


MODELS = [
    pytest.param(
        lookup_beside_numbers,
        marks=pytest.mark.files_differ("JAX reads 64 bits as 32"),
    ),
    encodings_and_argmax,
    pytest.param(
        texts_before_a_network,
        marks=pytest.mark.files_differ("TensorFlow compares the indices as int64"),
    ),
    counted_words,
    labels_behind_a_network,
    feature_space,
    feature_space_alone,
]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_models(make: Callable[[], Any]) -> None:
    model = make()
    if isinstance(model, keras.Model) and make is not feature_space:
        export_check.randomize(model)  # not what was adapted
    proto = to_onnx(model, engine="native")
    assert compares_answers()
    if BACKEND == "tensorflow":
        report = verify(model, proto, batch_sizes=(1, 4))
        assert report.passed, report
        assert not report.warnings


OPERATIONS: Mapping[str, Callable[[Any], Any]] = {
    "a column": lambda x: x[:, 1],
    "columns": lambda x: x[:, 1:3],
    "columns at last": lambda x: x[:, ::-1],
    "a row of each": lambda x: layers.Reshape((2, 2))(x)[:, 1],
    "chosen": lambda x: ops.take(x, np.array([2, 0]), axis=1),
    "chosen rows": lambda x: ops.take(
        layers.Reshape((2, 2))(x), np.array([[1, 0], [0, 0]]), axis=1
    ),
    "repeated samples": lambda x: ops.repeat(x, 2, axis=0),
    "repeated": layers.RepeatVector(2),
    "tiled": lambda x: ops.tile(x, (1, 2)),
    "reversed": lambda x: ops.flip(x, axis=1),
    "joined": lambda x: layers.Concatenate()([x, x]),
    "stacked": lambda x: ops.stack([x, x], axis=1),
    "split": lambda x: ops.split(x, 2, axis=1)[0],
    "turned": lambda x: ops.transpose(layers.Reshape((2, 2))(x), (0, 2, 1)),
    "squeezed": lambda x: ops.squeeze(ops.expand_dims(x, 1), 1),
    "one where others are": lambda x: ops.where(ops.equal(x, x[:, :1]), x, x[:, 1:2]),
    "broadcast": lambda x: ops.broadcast_to(x[:, None, :1], (3, 2, 4)),
}
"""What happens to strings on their way to a lookup."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_strings_on_their_way(name: str) -> None:
    x = texts("x", 4)
    found = layers.StringLookup(vocabulary=VOCABULARY)(OPERATIONS[name](x))
    model = keras.Model(x, found)
    proto = to_onnx(model, engine="native")
    assert compares_answers()
    if BACKEND == "tensorflow":
        batch = 3 if name == "broadcast" else 5
        own = np.random.default_rng(0).choice([*VOCABULARY, "", "x"], (batch, 4))
        assert verify(model, proto, inputs=own, batch_sizes=(3,)).passed


def test_a_lookup_beside_an_island_stays_native() -> None:
    x = texts("x", 1)
    table = layers.StringLookup(vocabulary=VOCABULARY)
    model = keras.Model(x, table(x))
    proto = to_onnx(model)
    if BACKEND == "tensorflow":
        report = verify(model, proto)
        assert report.passed
        assert report.engine == "native"
    assert {node.op_type for node in proto.graph.node} == {"LabelEncoder"}


def test_crossed_features_are_refused() -> None:
    space = features("concat", crosses=[("colour", "size")], crossing_dim=8)
    with pytest.raises(UnsupportedOperationError, match="it hashes"):
        to_onnx(space, engine="native")


def test_features_that_are_not_adapted() -> None:
    space = keras.utils.FeatureSpace({"colour": "string_categorical"})
    with pytest.raises(SignatureError, match="call `adapt`"):
        to_onnx(space)


@pytest.mark.parametrize(
    ("make", "attribute"),
    [
        (encodings_and_argmax, "keys_strings"),
        (labels_behind_a_network, "values_strings"),
    ],
)
def test_a_file_with_another_string_fails(make: Any, attribute: str) -> None:
    model = make()
    proto = to_onnx(model, engine="native")
    (one,) = (
        one
        for node in proto.graph.node
        for one in node.attribute
        if one.name == attribute
    )
    one.strings[0] = b"another"
    assert compares_answers()
    if BACKEND == "tensorflow":
        report = verify(model, proto)
        assert report.status == "failed"
