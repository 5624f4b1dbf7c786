"""Which models become generators, what of them is in the file, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import ops

from keras_acts.export import (
    ExportError,
    Generator,
    OptionError,
    ParityError,
    UnsupportedOperationError,
    WriteError,
    export_generator,
)
from support.causal_lm import DEPTH, HEADS, WIDTH, LoopedLM, TinyCausalLM, randomized

once = pytest.mark.runs_once("the folder is written alike on each backend")
turns = pytest.mark.in_turn("test_generator.py has another cache on every backend")


def loaded(folder: Path) -> onnx.ModelProto:
    return onnx.load(folder / Generator(folder).config.model)


def greedy(model: Any, prompt: list[int], length: int) -> list[int]:
    """Continue a prompt by the model's own call on the whole sequence."""
    row = list(prompt)
    where = {} if isinstance(model, LoopedLM) else {"cache_update_index": 0}
    while len(row) < length:
        tokens = ops.convert_to_tensor(np.asarray([row], "int32"))
        cache = model.build_cache(1, len(row))
        logits = model.call_with_cache(tokens, cache, **where)[0]
        row.append(int(np.argmax(ops.convert_to_numpy(logits)[0, -1])))
    return row


@pytest.mark.slow
@turns
def test_a_cache_is_any_structure(tmp_path: Path) -> None:
    model = randomized(TinyCausalLM(stacked=False))
    assert export_generator(model, tmp_path / "lm").passed
    found = Generator(tmp_path / "lm").generate([4, 5], max_length=12)
    assert found.tolist() == greedy(model, [4, 5], 12)


@once
def test_a_step_copies_the_cache_once(tmp_path: Path) -> None:
    """Each of the cache's tensors is appended to; none is made of others or cut up."""
    export_generator(randomized(TinyCausalLM()), tmp_path / "lm")
    graph = loaded(tmp_path / "lm").graph
    names = ["batch", "past", HEADS, WIDTH]
    assert [x.name for x in graph.input] == ["token_ids"] + [
        f"past.{i}" for i in range(2 * DEPTH)
    ]
    dims = graph.input[1].type.tensor_type.shape.dim
    assert [x.dim_param or x.dim_value for x in dims] == names
    operators = Counter(node.op_type for node in graph.node)
    assert operators["Pad"] == 0
    reading = [n.op_type for n in graph.node for x in n.input if x == "past.3"]
    assert set(reading) <= {"Concat", "Shape"}
    assert reading.count("Concat") == 1
    (appended,) = (n for n in graph.node if "present.3" in n.output)
    assert appended.op_type == "Concat"
    # Weights are in the file once, for a prompt and a step alike.
    sizes = [int(np.prod(x.dims)) for x in graph.initializer]
    assert sum(sizes) < 1.2 * randomized(TinyCausalLM()).count_params()


@once
def test_a_function_is_a_model_too(tmp_path: Path) -> None:
    model = randomized(TinyCausalLM())

    def step(token_ids: Any, cache: Any, cache_update_index: Any) -> Any:
        logits, cache = model.call_with_cache(token_ids, cache, cache_update_index)
        return 2.0 * logits, "what lies between is ignored", cache

    folder = tmp_path / "lm"
    export_generator(step, folder, build_cache=model.build_cache, max_length=12)
    assert Generator(folder).config.max_length == 12
    found = Generator(folder).generate([4, 5])
    assert found.tolist() == greedy(model, [4, 5], 12)


@turns
def test_a_loop_over_tokens_takes_one_at_a_time(tmp_path: Path) -> None:
    model = randomized(LoopedLM())
    export_generator(model, tmp_path / "lm")
    generator = Generator(tmp_path / "lm")
    assert generator.config.tokens_at_once == 1
    found = generator.generate([[4, 5, 1], [2]], max_length=10)
    assert [x.tolist() for x in found] == [
        greedy(model, prompt, 10) for prompt in ([4, 5, 1], [2])
    ]


@once
@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_the_cache_has_the_dtype_of_the_file(tmp_path: Path, dtype: str) -> None:
    export_generator(randomized(TinyCausalLM()), tmp_path / "lm", dtype=dtype, opset=20)
    generator = Generator(tmp_path / "lm")
    assert {x.dtype for x in generator.config.cache} == {dtype}
    assert generator.logits([1, 2]).dtype == np.float32
    assert loaded(tmp_path / "lm").opset_import[0].version == 20


@once
def test_a_model_in_half_precision(tmp_path: Path) -> None:
    model = randomized(TinyCausalLM(dtype="bfloat16"))
    export_generator(model, tmp_path / "lm", dtype="float32")
    assert len(Generator(tmp_path / "lm").generate([1], max_length=5)) == 5


def _without_call() -> Any:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def _without_cache() -> Any:
    return lambda token_ids, cache, cache_update_index: (token_ids, cache)


def _of_images() -> Any:
    """A model whose cache is longer than its tokens, as images would make it."""
    model = TinyCausalLM()
    return SimpleNamespace(
        call_with_cache=model.call_with_cache,
        build_cache=lambda batch, length: model.build_cache(batch, length + 4),
    )


def _failing() -> Any:
    def build_cache(_batch: int, _length: int) -> Any:
        raise TypeError("images must be given")

    return SimpleNamespace(
        call_with_cache=TinyCausalLM().call_with_cache, build_cache=build_cache
    )


REFUSED = {
    "a model without the call": (_without_call, "call_with_cache"),
    "a function without a cache": (_without_cache, "`build_cache` must be given"),
    "a cache of more than the tokens": (_of_images, "axis of the tokens"),
    "a cache that can't be built": (_failing, "images must be given"),
}


@once
@pytest.mark.parametrize("name", REFUSED)
def test_what_lacks_something_is_refused(tmp_path: Path, name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(UnsupportedOperationError, match=message) as caught:
        export_generator(make(), tmp_path / "lm")
    assert "Received:" in str(caught.value)
    assert not list(tmp_path.iterdir())


OPTIONS = {
    "max_length": (1, "2 or above"),
    "stop_token_ids": ("end", "sequence of integers"),
    "target": ("tpu", "one of"),
}


@once
@pytest.mark.parametrize("name", OPTIONS)
def test_wrong_options_are_refused(tmp_path: Path, name: str) -> None:
    value, message = OPTIONS[name]
    with pytest.raises(OptionError, match=message):
        export_generator(TinyCausalLM(), tmp_path / "lm", **{name: value})


@once
def test_a_failed_export_leaves_the_older_folder(tmp_path: Path) -> None:
    model, folder = randomized(TinyCausalLM()), tmp_path / "lm"
    export_generator(model, folder)
    (folder / "tokenizer.json").write_text("{}")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ParityError, match="was not written") as caught:
        export_generator(model, folder, dtype="float16", atol=0.0, rtol=0.0)
    assert caught.value.report.status == "failed"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["lm"]


@once
def test_a_new_model_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "lm"
    export_generator(randomized(TinyCausalLM()), folder)
    (folder / "tokenizer.json").write_text("{}")
    first = Generator(folder).config.model
    export_generator(randomized(TinyCausalLM(stacked=False)), folder, dtype="float64")
    second = Generator(folder).config.model
    assert {x.name for x in folder.iterdir()} == {
        *("generation.json", "tokenizer.json", second)
    }
    assert first != second
    assert json.loads((folder / "generation.json").read_text())["model"] == second


@once
def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "lm").write_text("")
    for folder in (tmp_path / "lm", tmp_path / "missing" / "lm"):
        with pytest.raises(WriteError, match="`folder` must be a folder"):
            export_generator(TinyCausalLM(), folder)


@once
def test_a_wrong_loop_is_found(tmp_path: Path) -> None:
    """A model whose answers depend on how its tokens are divided up can't be run so."""
    model = randomized(TinyCausalLM())

    def step(token_ids: Any, cache: Any, cache_update_index: Any) -> Any:
        place = ops.cast(cache_update_index, "float32")
        logits, cache = model.call_with_cache(token_ids, cache, cache_update_index)
        # As positions that begin anew with each call would change them.
        return logits * ops.cast(
            1.0 - 2.0 * ops.minimum(place, 1.0), logits.dtype
        ), cache

    with pytest.raises(ExportError, match="it takes the token"):
        export_generator(
            step, tmp_path / "lm", build_cache=model.build_cache, max_length=12
        )
