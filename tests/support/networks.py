"""Networks made sick on purpose, each in one way, and healthy ones of many kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

Model = Any
Data = tuple[np.ndarray, np.ndarray]
FEATURES = 16
CLASSES = 4


def blobs(seed: int, samples: int = 192) -> Data:
    """Samples of four classes, of mean 0 and variance about 1."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(CLASSES, FEATURES))
    y = draw.integers(0, CLASSES, samples)
    x = centres[y] + draw.normal(size=(samples, FEATURES))
    return (x / x.std()).astype("float32"), y


def images(seed: int, samples: int = 96) -> Data:
    """Small pictures of four classes."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, CLASSES, samples)
    patterns = draw.normal(size=(CLASSES, 8, 8, 2))
    x = patterns[y] + draw.normal(size=(samples, 8, 8, 2))
    return (x / x.std()).astype("float32"), y


def sequences(seed: int, samples: int = 96) -> Data:
    """Series of 10 steps of four classes."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, CLASSES, samples)
    x = draw.normal(size=(samples, 10, 6)) + y[:, None, None] / 2
    return (x / x.std()).astype("float32"), y


def tokens(seed: int, samples: int = 96) -> Data:
    """Series of 10 words of four classes."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, CLASSES, samples)
    return draw.integers(0, 20, (samples, 10)) + 5 * y[:, None], y


def compiled(model: Model, optimizer: Any = "adam") -> Model:
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(True))
    return model


def stack(
    depth: int,
    activation: Any,
    *,
    units: int = 32,
    kernel: Any = "glorot_uniform",
    bias: Any = "zeros",
    optimizer: Any = "adam",
) -> Model:
    """A stack of Dense layers, and logits."""
    inner = [
        layers.Dense(
            units,
            activation=activation() if isinstance(activation, type) else activation,
            kernel_initializer=kernel() if callable(kernel) else kernel,
            bias_initializer=bias,
        )
        for _ in range(depth)
    ]
    return compiled(
        keras.Sequential([keras.Input((FEATURES,)), *inner, layers.Dense(CLASSES)]),
        optimizer,
    )


def scaled(gain: float) -> Callable[[], Any]:
    """Normal weights that multiply the size of a linear signal by a gain."""
    return lambda: keras.initializers.VarianceScaling(gain**2, distribution="normal")


def trained(model: Model, data: Data, epochs: int) -> Model:
    model.fit(*data, epochs=epochs, batch_size=32, verbose=0)
    return model


def cnn() -> Model:
    return compiled(
        keras.Sequential(
            [
                keras.Input((8, 8, 2)),
                layers.Conv2D(
                    8,
                    3,
                    padding="same",
                    activation="relu",
                    kernel_initializer="he_normal",
                ),
                layers.MaxPooling2D(),
                layers.Conv2D(
                    16,
                    3,
                    padding="same",
                    activation="relu",
                    kernel_initializer="he_normal",
                ),
                layers.GlobalAveragePooling2D(),
                layers.Dense(CLASSES),
            ]
        )
    )


def resnet(blocks: int = 4) -> Model:
    x = inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(blocks):
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization()(y)
        x = layers.ReLU()(layers.add([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return compiled(keras.Model(inputs, layers.Dense(CLASSES)(x)))


def transformer(blocks: int = 3, activation: str = "gelu") -> Model:
    inputs = keras.Input((10,), dtype="int32")
    x = layers.Embedding(40, 16)(inputs)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        x = layers.add([x, layers.MultiHeadAttention(2, 8)(y, y)])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(16)(layers.Dense(32, activation=activation)(y))
        x = layers.add([x, y])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return compiled(keras.Model(inputs, layers.Dense(CLASSES)(x)))


def lstm() -> Model:
    return compiled(
        keras.Sequential(
            [
                keras.Input((10, 6)),
                layers.LSTM(16, return_sequences=True),
                layers.LSTM(16),
                layers.Dense(CLASSES),
            ]
        )
    )


def gru() -> Model:
    return compiled(
        keras.Sequential([keras.Input((10, 6)), layers.GRU(16), layers.Dense(CLASSES)])
    )
