"""A causal language model in a folder takes the tokens that Keras takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_acts.export import Generator, export_generator
from support.causal_lm import LONGEST, VOCABULARY, TinyCausalLM, randomized

PROMPTS = ([3], [1, 2], [5, 0, 9, 9, 4], [7, 7, 1])
ERROR = 2e-5
"""Of logits: two implementations in float32."""

pytestmark = pytest.mark.answers_differ("tokens are compared with those of the backend")
once = pytest.mark.runs_once("the folder is the same, and what runs it is no backend")


@pytest.fixture(scope="module")
def model() -> Any:
    return randomized(TinyCausalLM())


@pytest.fixture(scope="module")
def generator(model: Any, tmp_path_factory: Any) -> Generator:
    folder = tmp_path_factory.mktemp("tiny")
    assert export_generator(model, folder, stop_token_ids=[10]).passed
    return Generator(folder)


def in_keras(model: Any, prompt: list[int], length: int) -> list[int]:
    """Continue a prompt by Keras, which computes the whole sequence at each token.

    What lies behind a token has no part in what follows it.
    """
    row = np.zeros((1, LONGEST), "int32")
    row[0, : len(prompt)] = prompt
    for place in range(len(prompt), length):
        logits = keras.ops.convert_to_numpy(model(row))
        row[0, place] = np.argmax(logits[0, place - 1])
    return row[0, :length].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("prompt", PROMPTS, ids=str)
def test_greedy_tokens_are_those_of_keras(
    model: Any, generator: Generator, prompt: list[int]
) -> None:
    found = generator.generate(prompt, max_length=LONGEST, stop_token_ids=None)
    assert found.tolist() == in_keras(model, prompt, LONGEST)
    assert found.dtype == np.int64


def test_prompts_of_any_lengths_go_on_together(
    model: Any, generator: Generator
) -> None:
    found = generator.generate(PROMPTS, max_length=12, stop_token_ids=None)
    assert [row.tolist() for row in found] == [in_keras(model, p, 12) for p in PROMPTS]


@once
def test_a_padded_array_is_as_its_prompts(generator: Generator) -> None:
    tokens = np.zeros((2, 8), "int32")
    mask = np.zeros((2, 8), bool)
    tokens[0, :2], mask[0, :2] = [1, 2], True
    tokens[1, :3], mask[1, :3] = [7, 7, 1], True
    got = generator.generate(tokens, padding_mask=mask, max_length=8)
    want = generator.generate([[1, 2], [7, 7, 1]], max_length=8)
    np.testing.assert_equal(got, want)


def test_logits_are_those_of_keras(model: Any, generator: Generator) -> None:
    tokens = np.asarray([[1, 2, 3, 4], [9, 8, 7, 6]], "int32")
    want = keras.ops.convert_to_numpy(model(tokens))
    np.testing.assert_allclose(
        generator.logits(tokens), want[:, -1], atol=ERROR, rtol=0
    )
    cache = generator.start(2)
    for place in range(4):
        got = cache.append(tokens[:, place : place + 1])
        np.testing.assert_allclose(got, want[:, place], atol=ERROR, rtol=0)
    assert cache.length == 4


@once
def test_a_sequence_ends_with_a_stop_token(model: Any, generator: Generator) -> None:
    whole = in_keras(model, [1, 2], LONGEST)
    stop = whole[5]
    end = next(i for i in range(2, LONGEST) if whole[i] == stop)
    found = generator.generate([1, 2], max_length=LONGEST, stop_token_ids=[stop])
    assert found.tolist() == whole[: end + 1]
    assert generator.config.stop_token_ids == (10,)
    auto = generator.generate([1, 2], max_length=LONGEST)
    same = generator.generate([1, 2], max_length=LONGEST, stop_token_ids=[10])
    np.testing.assert_equal(auto, same)


@once
def test_rows_that_have_ended_wait_for_others(generator: Generator) -> None:
    alone = [generator.generate(p, stop_token_ids=[0, 3, 10]) for p in PROMPTS]
    assert len({len(row) for row in alone}) > 1
    together = generator.generate(PROMPTS, stop_token_ids=[0, 3, 10])
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_equal(one, other)


@once
def test_a_stream_yields_tokens_as_they_come(generator: Generator) -> None:
    stream = generator.stream([1, 2], max_length=9, stop_token_ids=None)
    assert isinstance(stream, Iterator)
    whole = generator.generate([1, 2], max_length=9, stop_token_ids=None)
    assert [next(stream), *stream] == whole[2:].tolist()


@once
def test_a_stream_of_prompts_yields_the_rows_that_go_on(generator: Generator) -> None:
    prompts = [[1], [2, 3, 4]]
    whole = generator.generate(prompts, max_length=6, stop_token_ids=None)
    steps = list(generator.stream(prompts, max_length=6, stop_token_ids=None))
    assert [sorted(step) for step in steps] == [[0], [0], [0, 1], [0, 1], [0, 1]]
    for row, prompt in enumerate(prompts):
        tokens = [step[row] for step in steps if row in step]
        assert tokens == whole[row][len(prompt) :].tolist()


@once
def test_a_prompt_is_left_out_on_demand(generator: Generator) -> None:
    whole = generator.generate([1, 2, 3], max_length=7)
    short = generator.generate([1, 2, 3], max_length=7, strip_prompt=True)
    np.testing.assert_equal(short, whole[3:])
    np.testing.assert_equal(generator.generate([1, 2, 3], max_length=3), [1, 2, 3])


@once
def test_a_seed_gives_a_row_the_same_tokens(generator: Generator) -> None:
    def drawn(seed: int | None, prompts: Any = ([1], [1], [1])) -> list[list[int]]:
        rows = generator.generate(prompts, temperature=2.0, seed=seed)
        return [row.tolist() for row in rows]

    first = drawn(5)
    assert first == drawn(5) != drawn(6)
    assert len({tuple(row) for row in first}) == 3
    assert drawn(5, ([1], [1, 2, 3]))[0] == first[0]
    assert drawn(None) != drawn(None)


@once
def test_tokens_are_drawn_by_the_probabilities_of_keras(
    model: Any, generator: Generator
) -> None:
    count, prompt, temperature = 4000, [1, 2], 1.5
    logits = keras.ops.convert_to_numpy(model(np.asarray([prompt], "int32")))[0, -1]
    likely = np.exp((logits - logits.max()) / temperature)
    likely[np.argsort(likely)[:-4]] = 0.0
    want = likely / likely.sum()
    rows = generator.generate(
        [prompt] * count, max_length=3, temperature=temperature, top_k=4, seed=1
    )
    shares = np.bincount([row[-1] for row in rows], minlength=VOCABULARY) / count
    # Four standard deviations of a share.
    allowed = 4 * np.sqrt(want * (1 - want) / count)
    assert np.all(np.abs(shares - want) <= allowed)


@once
@pytest.mark.parametrize("greedy", [{"temperature": 0}, {"top_k": 1}, {"top_p": 1e-9}])
def test_the_likeliest_token_is_the_limit(
    generator: Generator, greedy: dict[str, Any]
) -> None:
    want = generator.generate(PROMPTS, stop_token_ids=None)
    got = generator.generate(PROMPTS, stop_token_ids=None, **greedy)
    np.testing.assert_equal(got, want)


WRONG = {
    "an empty prompt": ([], {}, "at least one token"),
    "an empty prompt among others": ([[1], []], {}, "at least one token"),
    "a token that is none": ([1, VOCABULARY], {}, "from 0 to 10"),
    "numbers that are no integers": ([1.5, 2.0], {}, "sequence of integers"),
    "a longer sequence than there is": ([1], {"max_length": 17}, "at most 16"),
    "a prompt that is too long": ([1, 2, 3], {"max_length": 2}, "longer than"),
    "a temperature below 0": ([1], {"temperature": -1.0}, "0 or above"),
    "none of the tokens": ([1], {"top_k": 0}, "1 or above"),
    "no probability": ([1], {"top_p": 0.0}, "above 0"),
    "a seed that is none": ([1], {"temperature": 1.0, "seed": -1}, "`seed` must be"),
    "a word for a token": ([1], {"stop_token_ids": "end"}, '"auto" or None'),
    "padding in front": (
        [[0, 1]],
        {"padding_mask": [[0, 1]]},
        "at the beginning of each row",
    ),
    "a mask of another shape": ([[0, 1]], {"padding_mask": [[1]]}, "the shape of"),
}


@once
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(generator: Generator, name: str) -> None:
    prompt, options, message = WRONG[name]
    for call in (generator.generate, generator.stream):
        with pytest.raises(ValueError, match=message) as caught:
            call(prompt, **options)
        assert "Received:" in str(caught.value)


@once
def test_a_folder_without_a_generator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"with a generation\.json"):
        Generator(tmp_path)
    (tmp_path / "generation.json").write_text('{"format": 99}')
    with pytest.raises(ValueError, match="format 99"):
        Generator(tmp_path)
