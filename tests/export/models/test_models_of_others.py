"""Small models of many kinds, with layers as strangers write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, randomize
from support.runs.evidence import compares_answers

LAST = {"data_format": "channels_last"}
ONES = {"kernel_initializer": "ones"}


def dense(units: int, activation: Any = None) -> Any:
    return layers.Dense(units, activation, **ONES)


def suppressed(boxes: Any, scores: Any) -> Any:
    """The best boxes, without those that overlap a better one."""
    count = 4
    best, places = ops.top_k(scores, count)
    b = ops.take_along_axis(boxes, places[..., None], axis=1)
    area = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    low = ops.maximum(b[:, :, None, :2], b[:, None, :, :2])
    high = ops.minimum(b[:, :, None, 2:], b[:, None, :, 2:])
    shared = ops.prod(ops.maximum(high - low, 0.0), axis=-1)
    overlap = shared / (area[:, :, None] + area[:, None] - shared + 1e-6)

    def body(i: Any, keep: Any) -> Any:
        later = ops.arange(count) > i
        hit = (ops.take(overlap, i, axis=1) > 0.1) & later
        return i + 1, keep & ~(hit & ops.take(keep, i, axis=1)[:, None])

    keep = ops.ones_like(best, dtype="bool")
    _, keep = ops.while_loop(lambda i, _: i < count, body, (0, keep))
    return {"boxes": b, "scores": ops.where(keep, best, -1.0)}


class Interpolating(layers.Layer):
    """Learned positions of a grid, resized to that of the image, and a class token."""

    def build(self, shape: Any) -> None:
        self.grid = self.add_weight(shape=(1, 17, shape[-1]), name="positions")
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x: Any) -> Any:
        batch, height, width, channels = ops.shape(x)
        grid = ops.reshape(self.grid[:, 1:], (1, 4, 4, channels))
        grid = ops.image.resize(grid, (height, width), **LAST)
        tokens = ops.reshape(x, (batch, height * width, channels))
        tokens = tokens + ops.reshape(grid, (1, height * width, channels))
        first = ops.repeat(self.token + self.grid[:, :1], batch, axis=0)
        return ops.concatenate([first, tokens], axis=1)


class Messages(layers.Layer):
    """Sums and maxima of what each node of a graph is sent along the edges."""

    def __init__(self) -> None:
        super().__init__()
        self.make = dense(6, "relu")

    def call(self, nodes: Any, edges: Any) -> Any:
        ends = [ops.take(nodes, edges[:, i], axis=0) for i in range(2)]
        sent = self.make(ops.concatenate(ends, axis=-1))
        found = {"num_segments": ops.shape(nodes)[0]}
        total = ops.segment_sum(sent, edges[:, 1], **found)
        count = ops.segment_sum(ops.ones_like(sent[:, :1]), edges[:, 1], **found)
        return total / ops.maximum(count, 1.0)


class Relative(layers.Layer):
    """Attention by einsum, with a learned number for each distance."""

    def build(self, shape: Any) -> None:
        self.qkv = self.add_weight(shape=(shape[-1], 3, 2, 4), name="qkv")
        self.out = self.add_weight(shape=(2, 4, shape[-1]), name="out")
        self.distance = self.add_weight(shape=(2, 63), name="distance")

    def call(self, x: Any) -> Any:
        assert x.shape[-1] == 8, f"a width of 8, not {x.shape}"
        q, k, v = ops.unstack(ops.einsum("btc,cnhd->nbhtd", x, self.qkv), 3)
        scores = ops.einsum("bhqd,bhkd->bhqk", q, k)
        scores = scores / ops.sqrt(ops.cast(ops.shape(q)[-1], x.dtype))
        steps = ops.arange(ops.shape(x)[1])
        places = steps[:, None] - steps[None] + 31
        scores = scores + ops.take(self.distance, places, axis=1)[None]
        causal = ops.arange(ops.shape(x)[1])[:, None] >= steps
        weights = ops.softmax(ops.where(causal, scores, -1e9))
        return ops.einsum("bhqk,bhkd,hdc->bqc", weights, v, self.out)


class Routed(layers.Layer):
    """A mixture of experts: each token goes to the two best."""

    def build(self, shape: Any) -> None:
        self.gate = self.add_weight(shape=(shape[-1], 4), name="gate")
        self.up = self.add_weight(shape=(4, shape[-1], 5), name="up")

    def call(self, x: Any) -> Any:
        flat = ops.reshape(x, (-1, x.shape[-1]))
        best, places = ops.top_k(ops.softmax(ops.matmul(flat, self.gate)), 2)
        best = best / ops.sum(best, axis=-1, keepdims=True)
        shares = ops.sum(ops.one_hot(places, 4) * best[..., None], axis=1)
        y = ops.einsum("nc,ech,ne->nh", flat, self.up, shares)
        return ops.reshape(y, (*ops.shape(x)[:-1], 5))


class Decoding(layers.Layer):
    """Chooses word after word, each by those before it."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.cell = layers.Embedding(7, 4), layers.GRUCell(4)
        self.scores = dense(7)

    def build(self, shape: Any) -> None:
        self.words.build(shape)
        self.cell.build((None, 4))
        self.scores.build((None, 4))

    def call(self, x: Any) -> Any:
        batch = ops.shape(x)[0]
        said = ops.zeros((batch, 5), "int32")
        state, word = self.words(x)[:, 0], x[:, 0]

        def body(i: Any, state: Any, word: Any, said: Any) -> Any:
            state, _ = self.cell(self.words(word), [state])
            word = ops.cast(ops.argmax(self.scores(state), axis=-1), "int32")
            said = ops.slice_update(said, (0, i), word[:, None])
            return i + 1, state, word, said

        start = (0, state, word, said)
        return ops.while_loop(lambda i, *_: i < 5, body, start)[3]


class Capsules(layers.Layer):
    """Capsules that agree on their weights in three rounds."""

    def build(self, shape: Any) -> None:
        self.votes = self.add_weight(shape=(shape[1], 3, 4, shape[2]), name="votes")

    def call(self, x: Any) -> Any:
        votes = ops.einsum("nmdc,bnc->bnmd", self.votes, x)
        logits = ops.zeros_like(votes[..., :1])
        for _ in range(3):
            y = ops.sum(ops.softmax(logits, axis=2) * votes, axis=1, keepdims=True)
            norm = ops.sum(ops.square(y), axis=-1, keepdims=True)
            y = norm / (1 + norm) * y / ops.sqrt(norm + 1e-7)
            logits = logits + ops.sum(votes * y, axis=-1, keepdims=True)
        return ops.squeeze(y, 1)


class Called(keras.Model):
    """Calls a layer, or several in turn, on one input or on inputs by their names."""

    def __init__(self, *inner: Any, keys: tuple[str, ...] = ()) -> None:
        super().__init__(name="model")
        self.inner, self.keys = list(inner), keys

    def call(self, inputs: Any) -> Any:
        x = [inputs[key] for key in self.keys] or [inputs]
        for one in self.inner:
            x = [one(*x)]
        return x[0]


def nested() -> Any:
    step = keras.Input((None, 4))
    block = keras.Model(step, dense(4, "gelu")(layers.LayerNormalization()(step)))
    x = keras.Input((None, 4), name="x")
    return keras.Model(x, layers.GlobalMaxPooling1D()(block(block(x)) + x))


def masked() -> Any:
    x = keras.Input((None,), dtype="int32", name="words")
    y = layers.Embedding(6, 4, mask_zero=True)(x)
    for cell in (layers.LSTM, layers.GRU):
        inner = cell(3, return_sequences=True, recurrent_initializer="ones", **ONES)
        y = layers.Bidirectional(inner)(y)
    y = layers.TimeDistributed(dense(3, "tanh"))(y)
    return keras.Model(x, layers.GlobalAveragePooling1D()(y))


REAL, WORDS = "float32", "int32"
MODELS: dict[str, tuple[Callable[[], Any], dict[str, tuple[Any, str]]]] = {
    "detector": (
        lambda: Called(layers.Lambda(lambda a: suppressed(*a)), keys=()),
        {"boxes": ((None, None, 4), REAL), "scores": ((None, None), REAL)},
    ),
    "vision transformer": (
        lambda: Called(layers.Conv2D(4, 2, strides=2, **ONES, **LAST), Interpolating()),
        {"image": ((None, None, None, 3), REAL)},
    ),
    "graph": (
        lambda: Called(Messages(), keys=("nodes", "edges")),
        {"nodes": ((None, 4), REAL), "edges": ((None, 2), WORDS)},
    ),
    "relative attention": (
        lambda: Called(Relative()), {"x": ((None, None, 8), REAL)},
    ),
    "experts": (lambda: Called(Routed()), {"x": ((None, None, 6), REAL)}),
    "decoder": (lambda: Called(Decoding()), {"words": ((None, 3), WORDS)}),
    "capsules": (lambda: Called(Capsules()), {"x": ((None, 6, 4), REAL)}),
    "nested": (nested, {"x": ((None, None, 4), REAL)}),
    "masked": (masked, {"words": ((None, None), WORDS)}),
}  # fmt: skip
"""What makes each model, and its inputs."""


def drawn(inputs: dict[str, tuple[Any, str]], batch: int, size: int) -> Any:
    rng = np.random.default_rng(batch)
    made = {}
    for name, (shape, dtype) in inputs.items():
        sizes = [batch if i == 0 else n or size for i, n in enumerate(shape)]
        if name in ("nodes", "edges"):
            sizes[0] = batch + 4
        normal = rng.uniform(0.0, 1.0, sizes).astype("float32")
        made[name] = normal if dtype == REAL else rng.integers(0, 5, sizes, "int32")
    return made


_INT64 = pytest.mark.files_differ("indices are int64 on torch, int32 on the others")
NAMES = [
    pytest.param(name, marks=_INT64) if name in ("detector", "experts") else name
    for name in MODELS
]


@pytest.mark.filterwarnings("ignore:The model.s code raises")
@pytest.mark.parametrize("name", NAMES)
def test_a_model(name: str) -> None:
    make, inputs = MODELS[name]
    model = make()
    by_name = bool(getattr(model, "keys", ()))

    def called(arrays: Any) -> Any:
        tensors = {k: ops.convert_to_tensor(x) for k, x in arrays.items()}
        values = [*tensors.values()]
        given = tensors if by_name else values if len(values) > 1 else values[0]
        return model(given, training=False)

    called(drawn(inputs, 2, 7))
    randomize(model)
    specs = {
        k: keras.InputSpec(shape=s, dtype=d, name=k) for k, (s, d) in inputs.items()
    }
    listed = [*specs.values()]
    signature = specs if by_name else [listed] if len(listed) > 1 else listed
    proto = to_onnx(model, engine="native", input_signature=signature)
    if not compares_answers():
        return
    session = open_session(proto)
    for batch, size in ((1, 9), (3, 12)):
        arrays = drawn(inputs, batch, size)
        wanted = keras.tree.flatten(called(arrays))
        for got, want in zip(session.run(None, arrays), wanted, strict=True):
            assert_alike(got, np.asarray(ops.convert_to_numpy(want)))
