"""Healthy models of each well-known kind: no warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import ops

from keras_acts import check, initializer_for, layers

L = keras.layers
A = keras.applications


def application(name: str, size: int = 96) -> Callable[[], Any]:
    def make() -> Any:
        cls = getattr(A, name)
        return cls(weights=None, input_shape=(size, size, 3), classes=10)

    return make


def sequential(*stack: Any, shape: tuple[int, ...], loss: Any = None) -> Any:
    model = keras.Sequential([L.Input(shape), *stack])
    model.compile(loss=loss)
    return model


def block(x: Any, width: int) -> Any:
    y = L.LayerNormalization()(x)
    y = L.MultiHeadAttention(2, width // 2, dropout=0.1)(y, y)
    x = x + L.Dropout(0.1)(y)
    y = L.Dense(4 * width, activation="gelu")(L.LayerNormalization()(x))
    return x + L.Dense(width)(L.Dropout(0.1)(y))


def transformer() -> Any:
    tokens = L.Input((12,), dtype="int32")
    x = L.Embedding(50, 16)(tokens) + L.Embedding(12, 16)(ops.arange(12))
    for _ in range(3):
        x = block(x, 16)
    x = L.GlobalAveragePooling1D()(L.LayerNormalization()(x))
    model = keras.Model(tokens, L.Dense(4, activation="softmax")(x))
    model.compile(loss="sparse_categorical_crossentropy")
    return model


def own_attention() -> Any:
    x = L.Input((7, 8))
    q, k, v = L.Dense(8)(x), L.Dense(8)(x), L.Dense(8)(x)
    shares = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 8**0.5)
    y = L.Dense(8)(ops.matmul(L.Dropout(0.1)(shares), v)) + x
    return keras.Model(x, L.Dense(3, activation="softmax")(L.Flatten()(y)))


def attention_pooling() -> Any:
    x = L.Input((7, 8))
    states = L.LSTM(8, return_sequences=True)(x)
    shares = L.Softmax(axis=1)(L.Dense(1)(states))
    return keras.Model(x, L.Dense(1)(ops.sum(shares * states, axis=1)))


def unet() -> Any:
    x = L.Input((32, 32, 3))
    conv = lambda n: L.Conv2D(n, 3, padding="same", activation="relu")  # noqa: E731
    a = conv(8)(x)
    b = conv(16)(L.MaxPooling2D()(a))
    c = L.Concatenate()([a, L.Conv2DTranspose(8, 2, strides=2)(b)])
    model = keras.Model(x, L.Conv2D(1, 1, activation="sigmoid")(conv(8)(c)))
    model.compile(loss="binary_crossentropy")
    return model


def squeeze_and_excite() -> Any:
    x = L.Input((16, 16, 8))
    y = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    gate = L.Dense(2, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(y))
    y = y * L.Dense(8, activation="sigmoid")(gate)
    return keras.Model(x, L.Dense(3, activation="softmax")(L.Flatten()(y)))


def selu() -> Any:
    lecun = {"activation": "selu", "kernel_initializer": "lecun_normal"}
    rows = (x for _ in range(8) for x in (L.Dense(16, **lecun), L.AlphaDropout(0.1)))
    return sequential(*rows, L.Dense(1), shape=(16,), loss="mse")


def siren() -> Any:
    start = initializer_for("sine")
    rows = (
        L.Dense(16, activation=layers.Sine(), kernel_initializer=start)
        for _ in range(4)
    )
    return sequential(*rows, L.Dense(3), shape=(2,), loss="mse")


HEALTHY: dict[str, Callable[[], Any]] = {
    "MLP": lambda: sequential(
        *(
            L.Dense(16, activation="relu"),
            L.Dropout(0.2),
            L.Dense(1, activation="sigmoid"),
        ),
        shape=(8,),
        loss="binary_crossentropy",
    ),
    "norm before relu": lambda: sequential(
        *(L.Dense(16), L.BatchNormalization(), L.ReLU(), L.Dense(4)),
        shape=(8,),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    ),
    "LSTM": lambda: sequential(
        *(L.Embedding(50, 8), L.LSTM(8, return_sequences=True, dropout=0.1)),
        *(L.Bidirectional(L.GRU(8)), L.Dense(1, activation="sigmoid")),
        shape=(12,),
        loss="binary_crossentropy",
    ),
    "LeNet": lambda: sequential(
        *(L.Conv2D(6, 5, activation="tanh"), L.AveragePooling2D(2)),
        *(L.Conv2D(16, 5, activation="tanh"), L.AveragePooling2D(2), L.Flatten()),
        *(L.Dense(84, activation="tanh"), L.Dense(10, activation="softmax")),
        shape=(28, 28, 1),
        loss="sparse_categorical_crossentropy",
    ),
    "autoencoder": lambda: sequential(
        *(L.Dense(8, activation="relu"), L.Dense(2), L.Dense(8, activation="relu")),
        L.Dense(16, activation="sigmoid"),
        shape=(16,),
        loss="binary_crossentropy",
    ),
    "generator": lambda: sequential(
        *(L.Dense(64), L.LeakyReLU(0.2), L.Reshape((8, 8, 1))),
        *(L.Conv2DTranspose(8, 4, 2, padding="same"), L.BatchNormalization()),
        *(L.LeakyReLU(0.2), L.Conv2D(3, 3, activation="tanh")),
        shape=(16,),
    ),
    "gated layers": lambda: sequential(
        *(layers.GatedDense(16), L.Dense(8), layers.PReLU(), L.Dense(4)),
        layers.Sparsemax(),
        shape=(8,),
    ),
    "separable": lambda: sequential(
        *(L.DepthwiseConv2D(3), L.Conv2D(8, 1), L.ReLU(), L.SeparableConv2D(8, 3)),
        *(L.ReLU(), L.GlobalAveragePooling2D(), L.Dense(4, activation="softmax")),
        shape=(16, 16, 3),
    ),
    "transformer": transformer,
    "own attention": own_attention,
    "attention pooling": attention_pooling,
    "U-Net": unet,
    "squeeze and excite": squeeze_and_excite,
    "SELU": selu,
    "SIREN": siren,
    "MobileNetV2": application("MobileNetV2"),
    "MobileNetV3Small": application("MobileNetV3Small"),
}
SLOW = {
    "ResNet50": application("ResNet50"),
    "ResNet50V2": application("ResNet50V2"),
    "VGG16": application("VGG16", 32),
    "DenseNet121": application("DenseNet121"),
    "EfficientNetB0": application("EfficientNetB0"),
    "ConvNeXtTiny": application("ConvNeXtTiny"),
    "InceptionV3": application("InceptionV3"),
    "Xception": application("Xception"),
}
"""Large ones, which take seconds to make."""

ALL = {**HEALTHY, **SLOW}


@pytest.mark.parametrize(
    "name", [*HEALTHY, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
@pytest.mark.in_turn("the calls are Keras's own, the same on each backend")
def test_a_healthy_model_has_no_warning(name: str) -> None:
    report = check(ALL[name]())
    assert not report.warnings, str(report)
    assert report.layers > 2
    assert not report.opaque
