"""Tiny causal language models, written in `keras.ops` as anyone might write theirs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

VOCABULARY = 11
HEADS, WIDTH, DEPTH = 2, 3, 2
HIDDEN = HEADS * WIDTH
LONGEST = 16


class TinyCausalLM(keras.Model):
    """Two blocks of attention and a dense layer, with learned positions.

    The cache is one tensor (batch, layers, keys and values, tokens, heads, width).
    """

    max_sequence_length = LONGEST

    def __init__(
        self, name: str = "tiny", dtype: Any = None, stacked: bool = True
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.stacked = stacked
        self.tokens = layers.Embedding(VOCABULARY, HIDDEN, name="tokens", dtype=dtype)
        self.places = layers.Embedding(LONGEST, HIDDEN, name="places", dtype=dtype)
        self.blocks = [Block(name=f"block_{i}", dtype=dtype) for i in range(DEPTH)]
        self.norm = layers.LayerNormalization(name="norm", dtype=dtype)
        self.head = layers.Dense(VOCABULARY, name="head", dtype=dtype)
        self.call(ops.ones((1, 2), "int32"))
        self.built = True

    def build_cache(self, batch_size: int, max_length: int) -> Any:
        """Return an empty cache."""
        shape = (batch_size, max_length, HEADS, WIDTH)
        cache = [
            (ops.zeros(shape, self.compute_dtype), ops.zeros(shape, self.compute_dtype))
            for _ in self.blocks
        ]
        if not self.stacked:
            return cache
        return ops.stack([ops.stack(pair, axis=1) for pair in cache], axis=1)

    def call_with_cache(
        self, token_ids: Any, cache: Any, cache_update_index: Any
    ) -> Any:
        """Return the logits of each token, and the cache with these tokens."""
        places = ops.arange(ops.shape(token_ids)[1]) + cache_update_index
        x = self.tokens(token_ids) + self.places(places)
        new = []
        for i, block in enumerate(self.blocks):
            pair = (cache[:, i, 0], cache[:, i, 1]) if self.stacked else cache[i]
            x, pair = block.call_with_cache(x, pair, cache_update_index)
            new.append(pair)
        if self.stacked:
            new = ops.stack([ops.stack(pair, axis=1) for pair in new], axis=1)
        return self.head(self.norm(x)), new

    def call(self, token_ids: Any) -> Any:
        """Return the logits of each token, without any cache."""
        x = self.tokens(token_ids) + self.places(ops.arange(ops.shape(token_ids)[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Block(layers.Layer):
    """Attention to what came before, and a dense layer."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        dtype = self.dtype_policy
        self.query, self.key, self.value = (
            layers.EinsumDense(
                "btm,mhd->bthd", (None, HEADS, WIDTH), name=n, dtype=dtype
            )
            for n in ("query", "key", "value")
        )
        self.out = layers.EinsumDense(
            "bthd,hdm->btm", (None, HIDDEN), name="out", dtype=dtype
        )
        self.dense = layers.Dense(HIDDEN, activation="gelu", name="dense", dtype=dtype)

    def call_with_cache(self, x: Any, pair: Any, index: Any) -> Any:
        """Return the block's output, and the keys and values with these tokens."""
        key = ops.slice_update(pair[0], [0, index, 0, 0], self.key(x))
        value = ops.slice_update(pair[1], [0, index, 0, 0], self.value(x))
        places = ops.arange(ops.shape(x)[1]) + index
        return self._attended(x, key, value, places), (key, value)

    def call(self, x: Any) -> Any:
        """Return the block's output."""
        places = ops.arange(ops.shape(x)[1])
        return self._attended(x, self.key(x), self.value(x), places)

    def _attended(self, x: Any, key: Any, value: Any, places: Any) -> Any:
        scores = ops.einsum("bthd,bshd->bhts", self.query(x), key) / WIDTH**0.5
        seen = ops.expand_dims(places, 1) >= ops.arange(ops.shape(key)[1])
        scores = ops.where(seen, scores, ops.cast(-1e4, scores.dtype))
        mixed = ops.einsum("bhts,bshd->bthd", ops.softmax(scores), value)
        x = x + self.out(mixed)
        return x + self.dense(x)


def randomized(model: Any) -> Any:
    """Give each weight random values, the same on every backend."""
    rng = np.random.default_rng(3)
    for variable in model.variables:
        variable.assign(rng.normal(0.0, 0.7, variable.shape).astype("float32"))
    return model


class LoopedLM(TinyCausalLM):
    """Takes one token after the other in a loop of Python, of a known length.

    Its states are as many tensors as there are blocks, without an axis of tokens.
    """

    def build_cache(self, batch_size: int, max_length: int) -> Any:
        """Return the states before the first token."""
        del max_length
        return [ops.zeros((batch_size, HIDDEN)) for _ in self.blocks]

    def call_with_cache(self, token_ids: Any, cache: Any) -> Any:  # type: ignore[override]
        """Return the logits of each token, and the states behind the last one."""
        logits = []
        for place in range(token_ids.shape[1]):
            x, new = self.tokens(token_ids[:, place]), []
            for block, state in zip(self.blocks, cache, strict=True):
                x = ops.tanh(block.dense(x) + state)
                new.append(0.5 * state + x)
            logits.append(self.head(x))
            cache = new
        return ops.stack(logits, axis=1), cache
