"""Transformers for text, written as people write them."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from support.zoo import mask, model_case, tokens

VOCABULARY, WIDTH, HEADS, LONGEST = 11, 8, 2, 128
ONES = {"kernel_initializer": "ones"}


def dense(units: int, activation: str | None = None, **more: Any) -> Any:
    return layers.Dense(units, activation, **{**ONES, **more})


def embedding(size: int = VOCABULARY, **more: Any) -> Any:
    return layers.Embedding(size, WIDTH, "ones", **more)


class LearnedPositions(layers.Layer):
    """One vector a position, of a table, looked up by number."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = embedding(), embedding(LONGEST)

    def call(self, x: Any) -> Any:
        positions = ops.arange(0, ops.shape(x)[-1], 1)
        return self.words(x) + self.places(positions)


class SlicedPositions(layers.Layer):
    """The first rows of a table, broadcast to the batch."""

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=(LONGEST, shape[-1]), initializer="ones")

    def call(self, x: Any) -> Any:
        shape = ops.shape(x)
        table = ops.convert_to_tensor(self.table)
        rows = ops.slice(table, (0, 0), (shape[-2], shape[-1]))
        return x + ops.broadcast_to(rows, shape)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class IndexedPositions(SlicedPositions):
    """The first rows of a table, by an index."""

    def call(self, x: Any) -> Any:
        return x + self.table[: ops.shape(x)[1]]


class SinusoidalPositions(layers.Layer):
    """Sines and cosines, computed in the call; masks pass through."""

    def __init__(self) -> None:
        super().__init__()
        self.supports_masking = True

    def call(self, x: Any) -> Any:
        length, width = ops.shape(x)[1], x.shape[-1]
        places = ops.cast(ops.arange(length), "float32")
        rates = ops.power(1e-4, ops.arange(0, width, 2, dtype="float32") / width)
        angles = ops.expand_dims(places, 1) * ops.expand_dims(rates, 0)
        return x * math.sqrt(width) + ops.concatenate(
            [ops.sin(angles), ops.cos(angles)], axis=-1
        )


def rotated(x: Any, base: float = 1e4) -> Any:
    """Rotary positions on (batch, length, heads, depth)."""
    length, depth = ops.shape(x)[1], x.shape[-1]
    rates = 1.0 / (base ** (ops.arange(0, depth, 2, dtype="float32") / depth))
    angles = ops.einsum("i,j->ij", ops.arange(length, dtype="float32"), rates)
    angles = ops.concatenate([angles, angles], axis=-1)[None, :, None, :]
    left, right = ops.split(x, 2, axis=-1)
    turned = ops.concatenate([-right, left], axis=-1)
    return x * ops.cos(angles) + turned * ops.sin(angles)


class EncoderBlock(layers.Layer):
    """Attention and two Dense layers, normalized after each; masks pass through."""

    def __init__(self, **attention: Any) -> None:
        super().__init__()
        self.supports_masking = True
        self.attend = layers.MultiHeadAttention(HEADS, 4, dropout=0.1, **ONES)
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(2)]
        self.feed = keras.Sequential([dense(16, "gelu"), dense(WIDTH)])
        self.drop = layers.Dropout(0.1)
        self.arguments = attention

    def call(self, x: Any, padding: Any = None) -> Any:
        kept = None if padding is None else padding[:, None, :]
        y = self.attend(x, x, attention_mask=kept, **self.arguments)
        x = self.norms[0](x + self.drop(y))
        return self.norms[1](x + self.drop(self.feed(x)))


class CausalAttention(layers.Layer):
    """Attention by hand: heads by reshape and transpose, a triangle of ones."""

    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.project, self.join = dense(3 * WIDTH, use_bias=False), dense(WIDTH)
        self.window = window

    def split(self, x: Any) -> Any:
        batch, length = ops.shape(x)[0], ops.shape(x)[1]
        x = ops.reshape(x, (batch, length, HEADS, WIDTH // HEADS))
        return ops.transpose(x, (0, 2, 1, 3))

    def kept(self, length: Any) -> Any:
        if self.window is None:
            return ops.cast(ops.tril(ops.ones((length, length))), "bool")
        i, j = ops.arange(length)[:, None], ops.arange(length)[None, :]
        return ops.logical_and(j <= i, i - j < self.window)

    def call(self, x: Any) -> Any:
        q, k, v = (self.split(y) for y in ops.split(self.project(x), 3, axis=-1))
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / math.sqrt(q.shape[-1])
        length = ops.shape(x)[1]
        scores = ops.where(self.kept(length), scores, -1e9)
        y = ops.transpose(ops.matmul(ops.softmax(scores), v), (0, 2, 1, 3))
        return self.join(ops.reshape(y, (-1, length, WIDTH)))


def encoder(words: Any) -> Any:
    x = LearnedPositions()(words)
    for _ in range(2):
        x = EncoderBlock()(x)
    return layers.GlobalAveragePooling1D()(x)


def padded_encoder(words: Any) -> Any:
    """The mask is the embedding's, which the layers hand on."""
    x = embedding(mask_zero=True)(words)
    x = EncoderBlock()(SinusoidalPositions()(x), padding=ops.not_equal(words, 0))
    return dense(3)(x[:, 0])


def sentence_classifier(words: Any, segments: Any, kept: Any) -> Any:
    """Inputs and outputs as of a pretrained encoder."""
    x = embedding()(words) + embedding(2)(segments)
    x = layers.LayerNormalization()(IndexedPositions()(x))
    x = EncoderBlock()(x, padding=kept)
    pooled = dense(WIDTH, "tanh")(x[:, 0])
    return {"sequence": x, "pooled": pooled}


def decoder(words: Any) -> Any:
    """Before each part a normalization; the logits by the table of the words."""
    table = embedding()
    x = SlicedPositions()(table(words))
    for _ in range(2):
        x = x + CausalAttention()(layers.LayerNormalization()(x))
        y = dense(16, "gelu")(layers.LayerNormalization()(x))
        x = x + dense(WIDTH)(y)
    return TiedLogits(table)(x)


class TiedLogits(layers.Layer):
    def __init__(self, table: Any) -> None:
        super().__init__()
        self.table = table

    def call(self, x: Any) -> Any:
        return ops.matmul(x, ops.transpose(self.table.embeddings))


def windowed_decoder(words: Any) -> Any:
    """The same table makes the logits, with a soft cap."""
    table = layers.ReversibleEmbedding(
        VOCABULARY, WIDTH, True, "ones", logit_soft_cap=3
    )
    x = CausalAttention(window=3)(SinusoidalPositions()(table(words)))
    return table(x, reverse=True)


class RotaryGroups(layers.Layer):
    """Grouped queries with rotary positions."""

    def __init__(self, heads: int = 4, groups: int = 2, depth: int = 4) -> None:
        super().__init__()
        self.q = layers.EinsumDense("btd,dnh->btnh", (None, heads, depth), **ONES)
        self.k = layers.EinsumDense("btd,dnh->btnh", (None, groups, depth), **ONES)
        self.v = layers.EinsumDense("btd,dnh->btnh", (None, groups, depth), **ONES)
        self.out = layers.EinsumDense("btnh,nhd->btd", (None, WIDTH), **ONES)

    def call(self, x: Any) -> Any:
        q, k = rotated(self.q(x)), rotated(self.k(x))
        return self.out(ops.dot_product_attention(q, k, self.v(x), is_causal=True))


class GatedFeedForward(layers.Layer):
    def build(self, shape: Any) -> None:
        names = {"gate": (shape[-1], 12), "up": (shape[-1], 12), "down": (12, WIDTH)}
        for name, size in names.items():
            weight = self.add_weight(shape=size, initializer="ones", name=name)
            setattr(self, name, weight)

    def call(self, x: Any) -> Any:
        return (ops.silu(x @ self.gate) * (x @ self.up)) @ self.down


def grouped_decoder(words: Any) -> Any:
    x = embedding()(words)
    x = x + RotaryGroups()(layers.RMSNormalization(epsilon=1e-6)(x))
    x = x + GatedFeedForward()(layers.RMSNormalization(epsilon=1e-6)(x))
    return dense(VOCABULARY, use_bias=False)(x)


class RelativeBias(layers.Layer):
    """Attention with a learned bias for each distance, up to a largest one."""

    def __init__(self, largest: int = 3) -> None:
        super().__init__()
        self.largest, self.project = largest, dense(WIDTH)
        self.bias = layers.Embedding(2 * largest + 1, HEADS, "ones")

    def call(self, x: Any) -> Any:
        places = ops.arange(ops.shape(x)[1])
        distance = ops.clip(
            places[None, :] - places[:, None], -self.largest, self.largest
        )
        bias = ops.transpose(self.bias(distance + self.largest), (2, 0, 1))[None]
        y = ops.reshape(self.project(x), (*ops.shape(x)[:2], HEADS, WIDTH // HEADS))
        y = ops.dot_product_attention(y, y, y, bias=bias)
        return ops.reshape(y, ops.shape(x))


def relative(words: Any) -> Any:
    return RelativeBias()(embedding()(words))


def translator(source: Any, target: Any) -> Any:
    """An encoder, and a decoder that attends to it; both are masked by their words."""
    shared = embedding(mask_zero=True)
    x = EncoderBlock()(SinusoidalPositions()(shared(source)))
    attend = [layers.MultiHeadAttention(HEADS, 4, **ONES) for _ in range(2)]
    y = shared(target)
    y = layers.LayerNormalization()(y + attend[0](y, y, use_causal_mask=True))
    y = layers.LayerNormalization()(
        y + attend[1](y, x, attention_mask=ops.not_equal(source, 0)[:, None])
    )
    return dense(VOCABULARY)(y)


class Experts(layers.Layer):
    """Each token goes to the two experts that its router likes best."""

    def __init__(self, experts: int = 4, chosen: int = 2) -> None:
        super().__init__()
        self.experts, self.chosen = experts, chosen
        self.router = dense(experts, use_bias=False)

    def build(self, shape: Any) -> None:
        self.first = self.add_weight(shape=(self.experts, WIDTH, 6), initializer="ones")
        self.second = self.add_weight(
            shape=(self.experts, 6, WIDTH), initializer="ones"
        )

    def call(self, x: Any) -> Any:
        shares, places = ops.top_k(ops.softmax(self.router(x)), self.chosen)
        shares = shares / ops.sum(shares, axis=-1, keepdims=True)
        gates = ops.einsum("btk,btke->bte", shares, ops.one_hot(places, self.experts))
        hidden = ops.gelu(ops.einsum("btd,edf->btef", x, self.first))
        each = ops.einsum("btef,efd->bted", hidden, self.second)
        return ops.einsum("bted,bte->btd", each, gates)


class CapacityExperts(Experts):
    """Each token goes to one expert, which takes as many as it has slots for."""

    def call(self, x: Any) -> Any:
        slots = ops.shape(x)[1] // self.experts + 1
        probabilities = ops.softmax(self.router(x))
        best = ops.one_hot(ops.argmax(probabilities, axis=-1), self.experts)
        slot = ops.cast(ops.cumsum(best, axis=1) * best, "int32") - 1
        best = best * ops.cast(slot < slots, best.dtype)
        taken = ops.one_hot(ops.minimum(slot, slots - 1), slots) * best[..., None]
        sent = ops.einsum("btec,btd->becd", taken, x)
        hidden = ops.relu(ops.einsum("becd,edf->becf", sent, self.first))
        made = ops.einsum("becf,efd->becd", hidden, self.second)
        gates = taken * probabilities[..., None]
        return x + ops.einsum("becd,btec->btd", made, gates)


def experts(words: Any) -> Any:
    x = SinusoidalPositions()(embedding()(words))
    return x + Experts()(x)


def experts_with_slots(words: Any) -> Any:
    return CapacityExperts()(SinusoidalPositions()(embedding()(words)))


def words(*sizes: str) -> Any:
    return tokens(*(sizes or ("T",)), below=VOCABULARY)


MODELS = [
    model_case("encoder", encoder, words=words()),
    model_case("padded encoder", padded_encoder, words=words()),
    model_case(
        "classifier",
        sentence_classifier,
        words=words(),
        segments=tokens("T", below=2),
        kept=mask("T"),
    ),
    model_case("decoder", decoder, words=words()),
    model_case("windowed decoder", windowed_decoder, words=words()),
    model_case("grouped decoder", grouped_decoder, words=words()),
    model_case("relative bias", relative, words=words()),
    model_case("translator", translator, source=words("S"), target=words("T")),
    model_case(
        "experts", experts, files_differ="indices are int64 on torch", words=words()
    ),
    model_case("experts with slots", experts_with_slots, words=words()),
]
