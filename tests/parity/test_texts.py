"""Generated strings, and answers that are strings."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_acts.export.parity.inputs.vocabularies import vocabulary_draws
from keras_acts.export.parity.strings import as_text, comparable
from keras_acts.export.trace import model_signature

pytestmark = pytest.mark.runs_once("NumPy draws and compares the strings")

VOCABULARY = ["red", "green", "Grün", "blue"]


def drawn(x: Any, y: Any) -> np.ndarray:
    """Return what is drawn for the only input of a model."""
    model = keras.Model(x, y)
    (draw,) = vocabulary_draws(model, model_signature(model)).values()
    return draw(np.random.default_rng(0), (40, 5))


def strings() -> keras.KerasTensor:
    return keras.Input((5,), dtype="string")


def test_known_and_unknown_strings_are_drawn() -> None:
    x = strings()
    table = layers.StringLookup(vocabulary=VOCABULARY)
    found = set(drawn(x, table(x[:, ::-1])).reshape(-1).tolist())
    assert set(VOCABULARY) < found
    assert "" in found


def test_what_a_lookup_refuses_is_not_drawn() -> None:
    x = strings()
    table = layers.StringLookup(
        vocabulary=VOCABULARY, num_oov_indices=0, mask_token="-"
    )
    found = set(drawn(x, table(x)).reshape(-1).tolist())
    assert found == {*VOCABULARY, "-"}


def test_texts_are_drawn_for_what_splits_them() -> None:
    x = keras.Input((1,), dtype="string")
    found = drawn(x, layers.TextVectorization(vocabulary=VOCABULARY)(x)).reshape(-1)
    assert any(len(text.split()) > 2 for text in found)
    assert any(not text for text in found)
    assert any("  " in text for text in found)
    assert any("!" in text for text in found)
    assert any(text != text.lower() for text in found)


@pytest.mark.parametrize(
    "table",
    [
        layers.IntegerLookup(vocabulary=[7, -3, 2**40], num_oov_indices=0),
        layers.StringLookup(vocabulary=VOCABULARY, invert=True),
    ],
)
def test_numbers_are_drawn_from_what_is_looked_up(table: Any) -> None:
    x = keras.Input((5,), dtype="int64")
    found = set(drawn(x, table(x)).reshape(-1).tolist())
    known = {7, -3, 2**40} if table.num_oov_indices == 0 else set(range(5))
    assert known <= found
    assert table.invert or found == known


def test_strings_of_which_nothing_is_known() -> None:
    x = strings()
    assert len(set(drawn(x, layers.Identity()(x)).reshape(-1).tolist())) > 3


def test_strings_are_compared_by_digests() -> None:
    mixed = np.array([["é", b"\xc3\xa9"], ["e", ""]], object)
    text = as_text(mixed)
    assert text.tolist() == [["é", "é"], ["e", ""]]
    numbers = comparable(text)
    assert numbers.dtype == np.int64
    assert numbers[0, 0] == numbers[0, 1]
    assert len(np.unique(numbers)) == 3
    assert np.array_equal(numbers, numbers.astype(np.float64).astype(np.int64))
    assert comparable(np.ones(2)).dtype == np.float64
