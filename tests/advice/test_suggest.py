"""`suggest`: what it answers, and what it says of mistakes."""

from __future__ import annotations

import json

import keras
import pytest

from keras_acts import catalogue, initializer_for, suggest
from keras_acts.advice import hidden, outputs, questions
from keras_acts.advice.claims import CLAIMS
from keras_acts.advice.remedies import REMEDIES
from keras_acts.advice.sources import SOURCES
from keras_acts.advice.suggesting import INITIALIZERS

pytestmark = pytest.mark.runs_once("tables, which depend on no backend")

FIRST = {
    "regression": ({"task": "regression"}, "Linear", "MeanSquaredError()"),
    "binary": ({"task": "binary"}, "Sigmoid", "BinaryCrossentropy()"),
    "multi-label": ({"task": "multi-label"}, "Sigmoid", "BinaryCrossentropy()"),
    "classes": (
        {"task": "multi_class"},
        "Softmax",
        "SparseCategoricalCrossentropy()",
    ),
    "counts": ({"task": "count"}, "Exponential", "Poisson()"),
    "cnn": ({"network": "cnn"}, "ReLU", None),
    "recurrent": ({"network": "RNN"}, "Tanh", None),
    "transformer": ({"network": "transformer"}, "GELU", None),
    "very deep": ({"depth": "very deep"}, "Swish", None),
    "50 layers": ({"depth": 50, "network": "cnn"}, "Swish", None),
    "50 dense layers": ({"depth": 50, "network": "dense"}, "Swish", None),
    "self-normalizing": ({"network": "self-normalizing"}, "SELU", None),
    "no norms": ({"network": "dense", "constraint": "no_normalization"}, "SELU", None),
    "dead units": ({"constraint": "dead units"}, "LeakyReLU", None),
    "speed": ({"constraint": "speed"}, "ReLU", None),
    "both": ({"constraint": ["speed", "dead_units"]}, "LeakyReLU", None),
    "mobile": ({"network": "cnn", "constraint": "mobile"}, "HardSwish", None),
    "periodic": ({"constraint": "periodic"}, "Snake", None),
    "siren": ({"network": "implicit"}, "Sine", None),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_first_choice(name: str) -> None:
    question, activation, loss = FIRST[name]
    first = suggest(**question).suggestions[0]
    assert (first.rank, first.activation) == (1, activation)
    assert first.reasons
    if loss is not None:
        assert first.losses[0] == f"keras.losses.{loss}"


WORDS = {
    "recurrent": ("network", "rnn"),
    "LSTM": ("network", "rnn"),
    "MLP": ("network", "dense"),
    "Convolutional": ("network", "cnn"),
    "binary classification": ("task", "binary"),
    "Zero-Centred": ("constraint", "zero_mean"),
}
"""What people call what can be asked."""


@pytest.mark.parametrize("word", WORDS)
def test_other_words(word: str) -> None:
    argument, known = WORDS[word]
    assert str(suggest(**{argument: word})) == str(suggest(**{argument: known}))


def test_each_other_word_is_one_of_what_can_be_asked() -> None:
    known = {*questions.TASKS, *questions.NETWORKS, *questions.CONSTRAINTS}
    assert set(questions.SYNONYMS.values()) <= known
    assert not set(questions.SYNONYMS) & known


def test_a_word_for_several() -> None:
    with pytest.raises(ValueError, match="'binary', 'multi_label' or 'multi_class'"):
        suggest(task="classification")


def ranks(**question: object) -> dict[str, int]:
    return {one.activation: one.rank for one in suggest(**question).suggestions}


def test_orders_that_the_literature_has() -> None:
    speed = ranks(constraint="speed")
    assert speed["LeakyReLU"] < speed["ELU"]
    recurrent = ranks(network="rnn", depth=30)
    assert list(recurrent) == ["Tanh", "Sigmoid"]
    transformer = ranks(network="transformer")
    assert transformer["SwiGLU"] < transformer["ReLU"]
    dead = suggest(constraint="dead_units", network="cnn")
    assert [one.activation for one in dead.suggestions[:3]] == [
        *("LeakyReLU", "PReLU", "ELU")
    ]
    assert [one.activation for one in dead.avoid][-1] == "ReLU"
    deep = suggest(network="dense", depth=12)
    assert {"Sigmoid", "Tanh"} <= {one.activation for one in deep.avoid}


def test_which_layers_are_meant() -> None:
    roles = lambda **q: {one.role for one in suggest(**q).suggestions}  # noqa: E731
    assert roles() == {"output", "hidden"}
    assert roles(task="binary") == {"output"}
    assert roles(network="cnn") == {"hidden"}
    assert roles(task="binary", network="cnn") == {"output", "hidden"}
    assert roles(task="binary", network="cnn", role="hidden") == {"hidden"}
    assert roles(role="output") == {"output"}
    assert suggest(task="binary", network="cnn", role="output").notes


def test_without_a_question_all_are_answered_in_a_line_each() -> None:
    overview = suggest()
    text = str(overview)
    for names in (questions.TASKS, questions.NETWORKS, questions.CONSTRAINTS):
        assert all(name in text for name in names)
    assert len(text.splitlines()) < 40
    assert set(overview.to_dict()["questions"]) == {
        *("task", "role", "network", "depth", "constraint")
    }


@pytest.mark.parametrize("name", FIRST)
def test_the_text_names_reasons_and_sources(name: str) -> None:
    found = suggest(**FIRST[name][0])
    text = str(found)
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    for one in found.suggestions:
        assert one.activation in words
        for claim in one.reasons:
            assert claim.text in words
            assert all(source.title in words for source in claim.sources)
    assert json.loads(json.dumps(found.to_dict()))["suggestions"]


MISTAKES = {
    "task": ("binray", "Did you mean 'binary'"),
    "role": ("ouput", "Did you mean 'output'"),
    "network": ("transfomer", "Did you mean 'transformer'"),
    "depth": ("depe", "Did you mean 'deep'"),
    "constraint": ("sped", "Did you mean 'speed'"),
}


@pytest.mark.parametrize("argument", MISTAKES)
def test_a_typo_gives_the_choices_and_the_nearest(argument: str) -> None:
    wrong, hint = MISTAKES[argument]
    with pytest.raises(ValueError, match=hint) as caught:
        suggest(**{argument: wrong})
    assert f"Received: {argument}={wrong!r}" in str(caught.value)


@pytest.mark.parametrize("depth", [0, -3, 2.5, True, "0"])
def test_impossible_depths(depth: object) -> None:
    with pytest.raises(ValueError, match=r"`depth` must be a number of layers"):
        suggest(depth=depth)


def votes() -> list[hidden.Vote]:
    tables = (*hidden.BY_NETWORK.values(), *hidden.BY_CONSTRAINT.values())
    rows = [*tables, hidden.GENERAL, *(rows for _, rows in hidden.BY_DEPTH)]
    return [vote for row in rows for vote in row]


def test_the_tables_name_what_there_is() -> None:
    known = set(catalogue.activations())
    rows = [*votes(), *(row for rows in outputs.OUTPUTS.values() for row in rows)]
    assert {row.activation for row in rows} <= known
    named = {key for row in rows for key in row.claims}
    assert named <= set(CLAIMS)
    assert not set(CLAIMS) - named, "claims that nothing rests on"
    assert set(outputs.OUTPUTS) == set(questions.TASKS)
    assert set(hidden.BY_NETWORK) == set(questions.NETWORKS)
    assert set(hidden.BY_CONSTRAINT) == set(questions.CONSTRAINTS)


def test_every_source_is_cited_and_complete() -> None:
    for source in SOURCES.values():
        assert source.authors
        assert source.title
        assert 1980 < source.year < 2027


def test_losses_are_those_of_keras() -> None:
    losses = {
        x for rows in outputs.OUTPUTS.values() for row in rows for x in row.losses
    }
    for loss in losses:
        name, _, arguments = loss.partition("(")
        given = {"from_logits": True} if "from_logits" in arguments else {}
        assert getattr(keras.losses, name)(**given)


def test_initializers_are_those_of_initializer_for() -> None:
    for activation, name in INITIALIZERS.items():
        assert type(initializer_for(activation)) is type(keras.initializers.get(name))


def test_remedies_are_there_for_the_diagnosis() -> None:
    assert set(REMEDIES) == {
        *("dead_units", "saturation", "vanishing", "exploding", "not_normalized")
    }
    assert all(one.advice and one.sources for one in REMEDIES.values())
