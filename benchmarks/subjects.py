"""What is measured: activations in a model of their own, and well-known models.

Weights are drawn by NumPy, so that each backend's process makes the same model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from keras_acts import catalogue

CHANNELS = 64
"""Size of the last axis of an activation's input."""


@dataclass(frozen=True)
class Subject:
    """One thing that is measured.

    Attributes:
        name: What the tables call it.
        build: Makes the model, with weights.
        inputs: Makes its inputs for a batch, by name of the input.
        largest: The most elements at which it is timed.
    """

    name: str
    build: Callable[[], keras.Model]
    inputs: Callable[[int], dict[str, np.ndarray]] = field(repr=False)
    largest: int = 1 << 24


# Beside each row's defaults: arguments that it needs, and variants that matter.
_VARIANTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ChannelMaxout": {"": {"units": 32}},
    "Maxout": {"": {"units": CHANNELS}},
    "GELU": {"": {}, " tanh": {"approximate": "tanh"}},
    "PReLU": {"": {}, " slopes on both sides of 1": {}},
    "Threshold": {"": {"threshold": 1.0, "default_value": 0.0}},
}
# Ranges of learned slopes: the optimum depends on the side of 1 on which they lie.
_SLOPES = {"PReLU slopes on both sides of 1": (0.5, 1.8)}
# Variants that are the same layer of Keras with other weights.
_KERAS_VARIANTS = {"PReLU": ("PReLU slopes on both sides of 1",)}
# Sorting takes seconds a run beyond these many elements.
_LARGEST = {"Entmax": 1 << 20, "Entmax15": 1 << 20, "Sparsemax": 1 << 20}
# Steps between the batch and the channels, where neighbours along an axis are needed.
_STEPS = {"FReLU": (16,)}


def activations() -> dict[str, Subject]:
    """Return one subject for each activation of the catalogue, by name."""
    subjects = {}
    for row in catalogue.activations().values():
        for suffix, arguments in _VARIANTS.get(row.name, {"": {}}).items():
            name = row.name + suffix
            subjects[name] = _activation(name, row.layer, arguments)
    return subjects


def official() -> dict[str, Subject]:
    """Return the same subjects with Keras's own layer or function where it has one.

    That is what a user of Keras's exporter has in his model.
    """
    from benchmarks.rivals import rivals

    everything = activations()
    for name, rival in rivals().items():
        if rival.is_keras:
            for variant in (name, *_KERAS_VARIANTS.get(name, ())):
                everything[variant] = _activation(variant, rival.make, {})
    return everything


def _activation(
    name: str, layer: Callable[..., Any], arguments: Mapping[str, Any]
) -> Subject:
    steps = _STEPS.get(name, ())

    def build() -> keras.Model:
        x = keras.Input((*steps, CHANNELS), name="x")
        model = keras.Model(x, layer(**arguments)(x), name="activation")
        draw_weights(model, *_SLOPES.get(name, (0.05, 0.45)))
        return model

    def inputs(batch: int) -> dict[str, np.ndarray]:
        samples = max(batch // math.prod(steps), 1)
        return {"x": _normal((samples, *steps, CHANNELS), 2.0)}

    return Subject(name, build, inputs, _LARGEST.get(name, 1 << 24))


def draw_weights(model: keras.Model, low: float, high: float, seed: int = 0) -> None:
    """Give each float weight uniform random values."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if keras.backend.is_float_dtype(weight.dtype):
            values = rng.uniform(low, high, weight.shape)
            # Thresholds in the order in which training starts and nearly always ends.
            above = high if weight.name == "t_right" else 0.0
            weight.assign((values + above).astype("float32"))


def _normal(shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(0.0, scale, shape).astype("float32")


IMAGE = 224
LENGTH = 128
VOCABULARY = 30522


def models() -> dict[str, Subject]:
    """Return the benchmark models by name."""
    names = (
        "ResNet50",
        "MobileNetV2",
        "MobileNetV3Small",
        "EfficientNetB0",
        "ConvNeXtTiny",
        "DenseNet121",
    )
    subjects = {name: _image_model(name) for name in names}
    for name, build in (
        ("BERT-size encoder", encoder),
        ("GPT-size decoder", decoder),
        ("LSTM tagger", tagger),
    ):
        subjects[name] = Subject(name, _with_weights(build), _tokens)
    return subjects


def _image_model(name: str) -> Subject:
    def build() -> keras.Model:
        return getattr(keras.applications, name)(weights=None)

    def inputs(batch: int) -> dict[str, np.ndarray]:
        images = np.random.default_rng(1).uniform(0, 255, (batch, IMAGE, IMAGE, 3))
        return {"image": images.astype("float32")}

    return Subject(name, _with_weights(build), inputs)


def _tokens(batch: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"tokens": rng.integers(0, VOCABULARY, (batch, LENGTH)).astype("int32")}


def _with_weights(build: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
    """Draw weights as He initialization would, and statistics as data would."""

    def built() -> keras.Model:
        model = build()
        rng = np.random.default_rng(0)
        for weight in model.weights:
            if not keras.backend.is_float_dtype(weight.dtype):
                continue
            shape = tuple(weight.shape)
            if weight.name in ("gamma", "moving_variance", "variance"):
                values = rng.uniform(0.8, 1.2, shape)
            elif len(shape) < 2:
                values = rng.normal(0.0, 0.05, shape)
            else:
                values = rng.normal(0.0, np.prod(shape[:-1]) ** -0.5, shape)
            weight.assign(values.astype("float32"))
        return model

    return built


def _block(x: Any, width: int, heads: int, causal: bool) -> Any:
    layers = keras.layers
    normed = layers.LayerNormalization(epsilon=1e-6)(x)
    attention = layers.MultiHeadAttention(heads, width // heads)
    x = x + attention(normed, normed, use_causal_mask=causal)
    normed = layers.LayerNormalization(epsilon=1e-6)(x)
    hidden = layers.Dense(4 * width, activation="gelu")(normed)
    return x + layers.Dense(width)(hidden)


def _transformer(blocks: int, width: int, heads: int, causal: bool) -> Any:
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(VOCABULARY, width)(tokens)
    for _ in range(blocks):
        x = _block(x, width, heads, causal)
    return tokens, keras.layers.LayerNormalization(epsilon=1e-6)(x)


def encoder() -> keras.Model:
    """Return an encoder of the size of BERT base: 12 blocks of width 768."""
    tokens, x = _transformer(12, 768, 12, causal=False)
    return keras.Model(tokens, x, name="encoder")


def decoder() -> keras.Model:
    """Return a decoder of the size of GPT-2 small: the logits of the last token."""
    tokens, x = _transformer(12, 768, 12, causal=True)
    logits = keras.layers.Dense(VOCABULARY, use_bias=False)(x[:, -1])
    return keras.Model(tokens, logits, name="decoder")


def tagger() -> keras.Model:
    """Return a tagger of two bidirectional LSTM layers."""
    layers = keras.layers
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    x = layers.Embedding(VOCABULARY, 128)(tokens)
    for _ in range(2):
        x = layers.Bidirectional(layers.LSTM(128, return_sequences=True))(x)
    return keras.Model(tokens, layers.Dense(17, activation="softmax")(x), name="tagger")


class _Sized(dict[str, Subject]):
    """Subjects that are made from the size that their name says."""

    def __init__(self, build: Callable[[int], keras.Model]) -> None:
        super().__init__()
        self._build = build

    def __missing__(self, name: str) -> Subject:
        return Subject(name, lambda: self._build(int(name)), lambda _batch: {})


def deep() -> Mapping[str, Subject]:
    """Return models of as many layers as their name says, by name."""

    def build(count: int) -> keras.Model:
        x = inputs = keras.Input((32,), name="x")
        for i in range(count):
            x = keras.layers.Dense(32, activation="relu", name=f"dense_{i}")(x)
        return keras.Model(inputs, x)

    return _Sized(build)


def wide() -> Mapping[str, Subject]:
    """Return models of as many megabytes of weights as their name says, by name."""

    def build(megabytes: int) -> keras.Model:
        width = int((megabytes * 1e6 / 4 / 4) ** 0.5)
        x = inputs = keras.Input((width,), name="x")
        for i in range(4):
            x = keras.layers.Dense(width, name=f"dense_{i}")(x)
        return keras.Model(inputs, x)

    return _Sized(build)
