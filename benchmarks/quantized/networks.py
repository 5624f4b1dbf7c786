"""Two networks of 5 MB, trained in under a minute on a quiet machine."""

from __future__ import annotations

from typing import Any

import keras

from benchmarks.quantized import data
from benchmarks.quantized.data import Data

_WIDTH = 128
_HEADS = 4


@keras.saving.register_keras_serializable("benchmarks")
class Positions(keras.layers.Layer):
    """Adds a learned vector for each position."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create the vectors."""
        self.vectors = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x: Any) -> Any:
        """Add them."""
        return x + self.vectors


def digits_cnn() -> keras.Model:
    """Convolutions, batch norms, a residual sum, and two dense layers."""
    image = keras.Input((8, 8, 1), name="image")
    x = _convolution(image, 32)
    x = keras.layers.MaxPooling2D()(_convolution(x, 64))
    y = _convolution(x, 64)
    x = keras.layers.Add()([x, _convolution(y, 64)])
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(1280, activation="relu")(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


def _convolution(x: Any, filters: int) -> Any:
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.layers.ReLU()(x)


def sources_transformer() -> keras.Model:
    """An embedding and two blocks of attention, over 32 tokens."""
    tokens = keras.Input((data.LENGTH,), dtype="int32", name="tokens")
    x = Positions()(keras.layers.Embedding(data.VOCABULARY, _WIDTH)(tokens))
    for _ in range(2):
        y = keras.layers.MultiHeadAttention(_HEADS, _WIDTH // _HEADS)(x, x)
        x = keras.layers.LayerNormalization()(x + y)
        y = keras.layers.Dense(4 * _WIDTH, activation="gelu")(x)
        x = keras.layers.LayerNormalization()(x + keras.layers.Dense(_WIDTH)(y))
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(
        tokens, keras.layers.Dense(data.CLASSES, activation="softmax")(x)
    )


def trained(model: keras.Model, on: Data, epochs: int) -> float:
    """Train a model, and return the share of test inputs that it gets right."""
    model.compile(
        keras.optimizers.Adam(1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(on.train, on.train_classes, batch_size=64, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(on.test, on.test_classes, batch_size=256, verbose=0)
    return float(accuracy)
