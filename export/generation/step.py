"""The function that the file computes: some tokens after those of a cache.

    step(token_ids, past) -> (logits of the last token, present)

The cache that a model's `call_with_cache` takes has room for the tokens that come. The
function makes that room behind the past, and the model writes into it; so a step of one
token and a prompt after nothing are the same function.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from keras_acts.export.generation.causal_model import CausalModel
from keras_acts.export.generation.layout import Layout, Leaf
from keras_acts.export.generation.runtime.config import BATCH, PAST

TOKENS = "tokens"
"""The name of the number of tokens that a run takes."""

TOKEN_IDS, LOGITS = "token_ids", "logits"
TOKEN_DTYPE = "int32"


@dataclass(frozen=True)
class Step:
    """The function, and what its inputs and outputs are called.

    Attributes:
        function: The function, whose layers are the model's.
        layout: The cache.
        tokens_at_once: How many tokens it takes; None for any number.
    """

    function: Callable[..., Any]
    layout: Layout
    tokens_at_once: int | None

    @property
    def signature(self) -> list[Any]:
        """The shapes and dtypes of the arguments, for `input_signature`."""
        past = [
            keras.InputSpec(shape=tuple(map(_known, x.shape)), dtype=x.dtype)
            for x in self.layout.tensors
        ]
        tokens = keras.InputSpec(shape=(None, self.tokens_at_once), dtype=TOKEN_DTYPE)
        return [tokens, past]

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs in the file."""
        return [TOKEN_IDS, *(x.past for x in self.layout.tensors)]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs in the file."""
        return [LOGITS, *(x.present for x in self.layout.tensors)]

    @property
    def size_names(self) -> dict[str, tuple[str | None, ...]]:
        """The names of unknown sizes, by input: the past has one length."""
        tokens = None if self.tokens_at_once else TOKENS
        past = {x.past: tuple(map(_name, x.shape)) for x in self.layout.tensors}
        return {TOKEN_IDS: (BATCH, tokens), **past}


def step_of(model: CausalModel, layout: Layout, tokens_at_once: int | None) -> Step:
    """Return the function of a model.

    It is a closure of the model's method, so that its layers are found in it.
    """
    call, takes_index = model.call, model.takes_index

    def step(token_ids: Any, past: Sequence[Any]) -> list[Any]:
        run = CausalModel(model_name, call, _no_cache, takes_index).run
        whole, place = _with_room(layout, token_ids, past)
        logits, cache = run(token_ids, layout.packed(whole), place)
        leaves = zip(layout.leaves, keras.tree.flatten(cache), strict=True)
        present = [part for leaf, one in leaves for part in leaf.parted(one)]
        return [_at_least_float32(logits[:, -1]), *present]

    model_name = model.name
    return Step(step, layout, tokens_at_once)


def _at_least_float32(x: Any) -> Any:
    """Return logits as runtimes take them: none of half precision."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    return x if dtype in ("float32", "float64") else ops.cast(x, "float32")


def _no_cache(_batch_size: int, _max_length: int) -> Any:
    raise NotImplementedError


def _with_room(
    layout: Layout, token_ids: Any, past: Sequence[Any]
) -> tuple[list[Any], Any]:
    """Return the tensors of the cache with room for tokens, and the place of those."""
    batch, count = ops.shape(token_ids)
    waiting, whole, place = iter(past), [], None
    for leaf in layout.leaves:
        parts = list(itertools.islice(waiting, len(list(leaf.places))))
        if leaf.axis is not None:
            place = ops.shape(parts[0])[leaf.axis] if place is None else place
            room = ops.zeros(_sizes(leaf, batch, count), leaf.dtype)
            parts = [ops.concatenate([x, room], axis=leaf.axis) for x in parts]
        whole.append(leaf.joined(parts))
    return whole, place


def _sizes(leaf: Leaf, batch: Any, count: Any) -> list[Any]:
    """Return the sizes of the room behind a part."""
    named = {BATCH: batch, PAST: count}
    return [x if isinstance(x, int) else named[x] for x in leaf.part]


def _known(size: int | str) -> int | None:
    return size if isinstance(size, int) else None


def _name(size: int | str) -> str | None:
    return None if isinstance(size, int) else size
