"""Strings that are looked up, and texts that are split, against the layers' answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from keras_acts.export import OpsetError, UnsupportedOperationError, to_onnx
from support import export_check
from support.precision import float64_enabled
from support.runs.evidence import compares_answers

Array = np.ndarray

TEXTS = np.array(
    [
        "The cat sat on the mat.",
        "  Don't   panic!! \t It's\nfine. ",
        "",
        "Élan vital; ÉLAN élan (vital)",
        "naïve café — “quotes” straße",
        "a\xa0b a\x1cb\x0bc\x0cd\re",
        "...",
        "   ",
        "the the cat the",
        "日本 語 \U0001f600 ok",
        "e-mail: x@y.z #1 $5 %^&*{}|~`<>?=+_[]\\/'\"",
    ]
)
"""Accents, punctuation, no words, several and other spaces, unknown words."""

VOCABULARY = [
    *("the", "cat", "mat.", "mat", "dont", "don't", "élan", "fine", "the cat"),
    *("cat sat", "Élan", "日本", "it's", "vital", "on the mat"),
]

WORDS = np.array(
    [
        ["cat", "x", "the"],
        ["", "Élan", "élan"],
        ["[UNK]", "cat", "cat"],
        ["the", "a b", "cat"],
    ]
)
INDICES = np.array([[0, 1, 5], [-1, 99, 3], [2, 3, 4], [15, 16, 17]])

ONE_BY_ONE = TEXTS[:, None]
PAIRS = np.stack([TEXTS, TEXTS[::-1]], axis=1)


@dataclass(frozen=True)
class TextCase:
    """A layer on strings or indices.

    Attributes:
        layer: Its class.
        kwargs: Its arguments beside the vocabulary.
        inputs: What it is called on.
        unknown: Whether the last size is unknown to the model.
    """

    layer: type[keras.Layer]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inputs: Array = field(default_factory=lambda: ONE_BY_ONE)
    unknown: bool = False

    def __str__(self) -> str:
        said = "-".join(f"{k}={v}" for k, v in self.kwargs.items())
        shape = "x".join(map(str, self.inputs.shape))
        return f"{self.layer.__name__}-{said}-{shape}".replace(" ", "")

    def made(self) -> keras.Layer:
        """Return the layer."""
        return self.layer(vocabulary=VOCABULARY, **self.kwargs)

    def model(self) -> keras.Model:
        """Return the model of the layer."""
        _, *rest = self.inputs.shape
        rest = [*rest[:-1], None] if self.unknown else rest
        kind = self.inputs.dtype.kind
        dtype = "string" if kind == "U" else str(self.inputs.dtype)
        x = keras.Input(rest, dtype=dtype, name="x")
        return keras.Model(x, self.made()(x))


def lookup(inputs: Array = WORDS, /, unknown: bool = False, **kwargs: Any) -> TextCase:
    return TextCase(layers.StringLookup, kwargs, inputs, unknown)


def vectorized(inputs: Array = ONE_BY_ONE, /, **kwargs: Any) -> TextCase:
    if kwargs.get("output_mode") == "tf_idf":
        kwargs["idf_weights"] = [i / 7 for i in range(len(VOCABULARY))]
    return TextCase(layers.TextVectorization, kwargs, inputs)


WEIGHTS = [i / 7 for i in range(len(VOCABULARY))]
PADDED = {"max_tokens": 30, "pad_to_max_tokens": True}

LOOKUPS = [
    lookup(),
    lookup(mask_token=""),
    lookup(mask_token="x"),
    lookup(WORDS[:, 0]),
    lookup(WORDS, unknown=True, output_mode="multi_hot"),
    lookup(output_mode="one_hot"),
    lookup(WORDS[:, :1], output_mode="one_hot"),
    lookup(WORDS[:, 0], output_mode="one_hot"),
    lookup(output_mode="multi_hot"),
    lookup(output_mode="count", mask_token=""),
    lookup(output_mode="count", **PADDED),
    lookup(np.stack([WORDS, WORDS[::-1]], -1), output_mode="count"),
    lookup(output_mode="tf_idf", idf_weights=WEIGHTS),
    lookup(output_mode="tf_idf", idf_weights=WEIGHTS, **PADDED),
    lookup(
        np.array([["cat", "", "the"], ["the", "", ""], ["cat", "cat", "cat"]]),
        num_oov_indices=0,
        mask_token="",
    ),
    lookup(INDICES, invert=True),
    lookup(INDICES.astype("int32"), invert=True, mask_token="", oov_token="??"),
    lookup(np.abs(INDICES), invert=True, num_oov_indices=0),
]

VECTORIZATIONS = [
    *(
        vectorized(standardize=None, split=split, **kwargs)
        for split in (None, "whitespace")
        for kwargs in (
            {},
            {"output_sequence_length": 3},
            {"output_sequence_length": 12},
            {"output_mode": "multi_hot"},
            {"output_mode": "count"},
            {"output_mode": "tf_idf"},
        )
    ),
    vectorized(),
    vectorized(output_mode="count"),
    vectorized(split=None),
    vectorized(standardize="strip_punctuation"),
    vectorized(standardize="lower"),
    vectorized(standardize="lower", ngrams=2),
    vectorized(ngrams=(1, 3), output_sequence_length=5),
    vectorized(standardize=None, ngrams=(2,), output_mode="multi_hot"),
    vectorized(standardize="lower", ngrams=2, output_mode="count"),
    vectorized(standardize="lower", split=None, ngrams=2, output_mode="count"),
    vectorized(TEXTS, standardize="lower"),
    vectorized(TEXTS, standardize="lower", output_mode="count"),
    vectorized(PAIRS[..., None], standardize="lower"),
    vectorized(PAIRS[..., None], standardize="lower", output_sequence_length=4),
    vectorized(PAIRS, standardize="lower", split=None, output_sequence_length=4),
    vectorized(PAIRS, standardize=None, split=None, ngrams=2),
]

ONE_HOT = vectorized(standardize=None, output_mode="one_hot")
"""Keras encodes texts of several lengths so where TensorFlow is its backend alone."""


@pytest.mark.in_turn("each backend traces the layers as single nodes")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@export_check.each(*LOOKUPS, *VECTORIZATIONS)
def test_strings(case: TextCase) -> None:
    _check(case)


@pytest.mark.answers_differ("Keras answers on TensorFlow alone")
def test_words_as_one_hot_vectors() -> None:
    _check(ONE_HOT, answers=keras.backend.backend() == "tensorflow")


def _check(case: TextCase, *, answers: bool = True) -> None:
    """Compare a file's answers with the layer's, on batches of several sizes."""
    with float64_enabled():
        layer, model = case.made(), case.model()
        proto = to_onnx(model, engine="native")
        export_check.assert_sizes_named(proto)
        (first, *_) = proto.graph.output[0].type.tensor_type.shape.dim
        # An encoding of a single axis reduces that of the batch.
        assert first.dim_param == "batch" or case.inputs.ndim == 1
        if not compares_answers() or not answers:
            return
        onnx.checker.check_model(proto, full_check=True)
        session = export_check.open_session(proto)
        for count in (len(case.inputs), 1, 3):
            given = case.inputs[:count]
            _check_same(export_check.run(session, [given])[0], _answer(layer, given))
        (nothing,) = export_check.run(session, [case.inputs[:0]])
        assert first.dim_param != "batch" or len(nothing) == 0


def _answer(layer: Any, given: Array) -> Array:
    """Return the layer's own answer, which TensorFlow computes on any backend."""
    import tensorflow as tf

    answer = layer.call(tf.constant(given))
    ragged = isinstance(answer, tf.RaggedTensor)
    return np.asarray(answer.to_tensor() if ragged else answer)


def _check_same(got: Array, want: Array) -> None:
    if want.dtype == object:
        flat = [x.decode() for x in want.reshape(-1)]
        want = np.array(flat, object).reshape(want.shape)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype == np.float32:
        np.testing.assert_allclose(got, want, rtol=1e-6)
    else:
        np.testing.assert_array_equal(got, want)


REFUSED = [
    (lookup(num_oov_indices=2), "num_oov_indices=1"),
    (lookup(output_mode="count", sparse=True), "sparse=False"),
    (vectorized(split="character"), "split by 'whitespace'"),
    (vectorized(split=lambda x: x), "`split`"),
    (vectorized(standardize=lambda x: x), "`standardize`"),
    (vectorized(ragged=True), "ragged=False"),
]


@pytest.mark.parametrize(("case", "cure"), REFUSED, ids=str)
def test_what_no_operator_says_is_refused_with_the_cure(
    case: TextCase, cure: str
) -> None:
    alone = {"sparse", "ragged"} & set(case.kwargs)
    if alone and keras.backend.backend() != "tensorflow":
        pytest.skip("Keras has such tensors on TensorFlow alone")
    with pytest.raises(UnsupportedOperationError, match=cure):
        to_onnx(case.model(), engine="native")


@pytest.mark.parametrize("cls", [layers.StringLookup, layers.TextVectorization])
def test_a_lookup_without_vocabulary_is_refused(cls: type[keras.Layer]) -> None:
    x = keras.Input((1,), dtype="string")
    with pytest.raises(UnsupportedOperationError, match="call `adapt`"):
        to_onnx(keras.Model(x, cls()(x)), engine="native")


def test_an_adapted_vocabulary() -> None:
    layer = layers.StringLookup()
    layer.adapt(np.array(["b", "a", "b"]))
    x = keras.Input((1,), dtype="string")
    proto = to_onnx(keras.Model(x, layer(x)), engine="native")
    session = export_check.open_session(proto)
    (got,) = export_check.run(session, [np.array([["a"], ["b"], ["c"]])])
    assert got.tolist() == [[2], [1], [0]]


def test_older_opsets_split_no_texts() -> None:
    with pytest.raises(OpsetError, match="from opset 20 on"):
        to_onnx(vectorized().model(), engine="native", opset=19)
    case = vectorized(standardize="lower", split=None)
    assert to_onnx(case.model(), engine="native", opset=17).opset_import[0].version
