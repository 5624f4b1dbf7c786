"""Small networks of the kinds that people deploy, with statistics as if trained.

Weights are drawn by NumPy at the scale that keeps signals alive, and batch norms have
the statistics of the signals that reach them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

L = keras.layers
Network = Callable[[], keras.Model]

_IMAGE = (32, 32, 3)


def networks() -> dict[str, Network]:
    """Return what builds each network, by name."""
    return {
        "MobileNetV2": mobile_net,
        "residual CNN": residual,
        "dense CNN": dense_net,
        "squeeze-and-excite CNN": squeeze,
        "ConvNeXt blocks": conv_next,
        "Inception blocks": inception,
        "U-Net": u_net,
        "separable 1D CNN": separable,
        "dilated causal CNN": wave_net,
        "vision transformer": vision_transformer,
        "text encoder": encoder,
        "causal decoder": decoder,
        "bidirectional LSTM tagger": tagger,
        "stacked GRU": stacked_gru,
        "convolutions and LSTM": conv_lstm,
        "one-stage detector": detector,
        "feature pyramid detector": pyramid,
        "tabular network": tabular,
    }


def built(name: str) -> keras.Model:
    """Build a network with its weights and statistics."""
    keras.utils.set_random_seed(0)
    model = networks()[name]()
    _draw(model)
    _adapt(model)
    return model


def inputs(model: keras.Model, batch: int, seed: int) -> dict[str, np.ndarray]:
    """Draw ordinary inputs."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for x in model.inputs:
        shape = (batch, *(16 if n is None else n for n in x.shape[1:]))
        integer = "int" in x.dtype
        values = (
            rng.integers(0, _VOCABULARY, shape) if integer else rng.normal(size=shape)
        )
        drawn[x.name] = values.astype(x.dtype)
    return drawn


def structured(model: keras.Model, arrays: dict[str, np.ndarray]) -> Any:
    """Return inputs as a call of the model takes them."""
    ordered = [arrays[x.name] for x in model.inputs]
    return keras.tree.pack_sequence_as(model.input, ordered)


def _draw(model: keras.Model) -> None:
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if not keras.backend.is_float_dtype(weight.dtype):
            continue
        shape = tuple(weight.shape)
        if weight.name in ("gamma", "moving_variance", "scale"):
            values = rng.uniform(0.7, 1.3, shape)
        elif len(shape) < 2:
            values = rng.normal(0.0, 0.1, shape)
        else:
            fan_in = shape[0] * shape[1] if "depthwise" in weight.name else 0
            values = rng.normal(0.0, (fan_in or np.prod(shape[:-1])) ** -0.5, shape)
            values *= 2**0.5 if len(shape) == 4 else 1.0
        weight.assign(values.astype("float32"))


def _adapt(model: keras.Model) -> None:
    """Give batch norms the statistics of their inputs."""
    norms = [x for x in model.layers if isinstance(x, L.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    arrays = inputs(model, 16, 7)
    model(structured(model, arrays), training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def mobile_net() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    return keras.applications.MobileNetV2(
        input_tensor=image, alpha=0.35, weights=None, classes=10
    )


def _conv(x: Any, width: int, size: Any = 3, strides: int = 1) -> Any:
    x = L.Conv2D(width, size, strides=strides, padding="same", use_bias=False)(x)
    return L.ReLU()(L.BatchNormalization()(x))


def residual() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = L.MaxPooling2D(3, 2, padding="same")(_conv(image, 12, 5, 2))
    for width, strides in ((12, 1), (24, 2)):
        short = L.Conv2D(width, 1, strides=strides, name=f"short_{width}")(x)
        y = _conv(x, width, 3, strides)
        y = L.BatchNormalization()(L.Conv2D(width, 3, padding="same")(y))
        x = L.ReLU()(L.Add()([short, y]))
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, L.Dense(10, "softmax")(x))


def dense_net() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = _conv(image, 8)
    for _ in range(2):
        for _ in range(3):
            y = L.Conv2D(6, 3, padding="same")(L.ReLU()(L.BatchNormalization()(x)))
            x = L.Concatenate()([x, y])
        x = L.AveragePooling2D(2)(L.Conv2D(12, 1)(x))
    return keras.Model(image, L.Dense(10)(L.GlobalAveragePooling2D()(x)))


def squeeze() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = L.Activation("swish")(L.BatchNormalization()(L.Conv2D(8, 3, 2)(image)))
    for _ in range(2):
        y = L.DepthwiseConv2D(3, padding="same")(x)
        y = L.Activation("hard_swish")(L.BatchNormalization()(y))
        s = L.GlobalAveragePooling2D(keepdims=True)(y)
        s = L.Conv2D(8, 1, activation="hard_sigmoid")(
            L.Conv2D(4, 1, activation="relu")(s)
        )
        x = x + L.Conv2D(8, 1)(y * s)
    return keras.Model(image, L.Dense(5, "softmax")(L.GlobalMaxPooling2D()(x)))


def conv_next() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = L.LayerNormalization(epsilon=1e-6)(L.Conv2D(12, 4, 4)(image))
    for _ in range(3):
        y = L.DepthwiseConv2D(7, padding="same")(x)
        y = L.Dense(24, "gelu")(L.LayerNormalization(epsilon=1e-6)(y))
        x = x + L.Dense(12)(y)
    return keras.Model(image, L.Dense(7)(L.GlobalAveragePooling2D()(x)))


def inception() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = _conv(image, 8, 3, 2)
    for _ in range(2):
        pooled = L.AveragePooling2D(3, 1, padding="same")(x)
        branches = [
            _conv(x, 4, 1),
            _conv(_conv(x, 4, (1, 5)), 4, (5, 1)),
            _conv(_conv(_conv(x, 4, 1), 4), 4),
            _conv(pooled, 4, 1),
        ]
        x = L.Concatenate()(branches)
    return keras.Model(image, L.Dense(6, "sigmoid")(L.GlobalAveragePooling2D()(x)))


def u_net() -> keras.Model:
    image = keras.Input((None, None, 3), name="image")
    first = _conv(image, 6)
    second = _conv(L.MaxPooling2D()(first), 8)
    bottom = _conv(L.MaxPooling2D()(second), 12)
    x = L.Conv2DTranspose(8, 2, 2, activation="relu")(bottom)
    x = _conv(L.Concatenate()([x, second]), 8)
    x = L.UpSampling2D(interpolation="bilinear")(x)
    x = _conv(L.Concatenate()([x, first]), 6)
    return keras.Model(image, L.Conv2D(2, 1, activation="sigmoid")(x))


def separable() -> keras.Model:
    signal = keras.Input((64, 3), name="signal")
    x = signal
    for width in (8, 12):
        x = L.SeparableConv1D(width, 5, padding="same")(x)
        x = L.MaxPooling1D()(L.ELU()(L.BatchNormalization()(x)))
    return keras.Model(signal, L.Dense(4, "softmax")(L.Flatten()(x)))


def wave_net() -> keras.Model:
    signal = keras.Input((None, 2), name="signal")
    x, skips = L.Conv1D(8, 1)(signal), []
    for rate in (1, 2, 4):
        y = L.Conv1D(8, 2, dilation_rate=rate, padding="causal", activation="tanh")(x)
        g = L.Conv1D(8, 2, dilation_rate=rate, padding="causal", activation="sigmoid")(
            x
        )
        y = L.Conv1D(8, 1)(y * g)
        skips.append(y)
        x = x + y
    return keras.Model(signal, L.Conv1D(3, 1)(L.ReLU()(L.Add()(skips))))


def _attended(x: Any, width: int, causal: bool = False) -> Any:
    y = L.LayerNormalization(epsilon=1e-6)(x)
    x = x + L.MultiHeadAttention(2, width // 2)(y, y, use_causal_mask=causal)
    y = L.Dense(2 * width, "gelu")(L.LayerNormalization(epsilon=1e-6)(x))
    return x + L.Dense(width)(y)


def vision_transformer() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = L.Reshape((16, 12))(L.Conv2D(12, 8, 8)(image))
    for _ in range(2):
        x = _attended(x, 12)
    return keras.Model(image, L.Dense(5, "softmax")(L.GlobalAveragePooling1D()(x)))


_VOCABULARY = 20


def encoder() -> keras.Model:
    words = keras.Input((12,), dtype="int32", name="words")
    x = L.LayerNormalization()(L.Embedding(_VOCABULARY, 12)(words))
    for _ in range(2):
        x = _attended(x, 12)
    return keras.Model(
        words, {"tokens": L.Dense(4)(x), "pooled": L.Dense(3, "tanh")(x[:, 0])}
    )


def decoder() -> keras.Model:
    words = keras.Input((None,), dtype="int32", name="words")
    x = L.Embedding(_VOCABULARY, 12)(words)
    for _ in range(2):
        x = _attended(x, 12, causal=True)
    x = L.RMSNormalization()(x)
    return keras.Model(words, L.Dense(_VOCABULARY, use_bias=False)(x))


def tagger() -> keras.Model:
    words = keras.Input((12,), dtype="int32", name="words")
    x = L.Embedding(_VOCABULARY, 8)(words)
    for _ in range(2):
        x = L.Bidirectional(L.LSTM(6, return_sequences=True))(x)
    return keras.Model(words, L.Dense(5, "softmax")(x))


def stacked_gru() -> keras.Model:
    signal = keras.Input((10, 4), name="signal")
    x = L.GRU(8, return_sequences=True)(signal)
    x = L.GRU(8, reset_after=False, return_sequences=True)(x)
    return keras.Model(signal, L.Dense(2)(L.SimpleRNN(6)(x)))


def conv_lstm() -> keras.Model:
    signal = keras.Input((32, 4), name="signal")
    x = L.Conv1D(8, 3, activation="relu")(signal)
    x = L.LSTM(8)(L.MaxPooling1D()(L.BatchNormalization()(x)))
    return keras.Model(signal, L.Dense(1, "sigmoid")(x))


def detector() -> keras.Model:
    image = keras.Input(_IMAGE, name="image")
    x = _conv(_conv(_conv(image, 8, 3, 2), 12, 3, 2), 16, 3, 2)
    boxes = L.Reshape((-1, 4))(L.Conv2D(12, 3, padding="same")(_conv(x, 12)))
    scores = L.Reshape((-1, 5))(L.Conv2D(15, 3, padding="same")(_conv(x, 12)))
    centers, sizes = keras.ops.split(boxes, 2, axis=-1)
    boxes = L.Concatenate(name="boxes")(
        [keras.ops.sigmoid(centers), keras.ops.exp(sizes)]
    )
    return keras.Model(image, [boxes, L.Softmax(name="scores")(scores)])


def pyramid() -> keras.Model:
    image = keras.Input((64, 64, 3), name="image")
    third = _conv(_conv(image, 8, 3, 2), 12, 3, 2)
    fourth = _conv(third, 16, 3, 2)
    top = L.Conv2D(8, 1)(fourth)
    low = L.Conv2D(8, 1)(third) + L.UpSampling2D(interpolation="nearest")(top)
    head = keras.Sequential(
        [
            keras.Input((None, None, 8)),
            L.Conv2D(8, 3, padding="same", activation="relu"),
            L.Conv2D(9, 1),
        ]
    )
    found = [L.Reshape((-1, 9))(head(x)) for x in (low, top)]
    found = L.Concatenate(axis=1)(found)
    boxes, scores = found[..., :4], keras.ops.sigmoid(found[..., 4:])
    return keras.Model(image, {"boxes": boxes, "scores": scores})


def tabular() -> keras.Model:
    numbers = keras.Input((9,), name="numbers")
    kind = keras.Input((1,), dtype="int32", name="kind")
    x = L.Concatenate()([numbers, L.Flatten()(L.Embedding(_VOCABULARY, 4)(kind))])
    for _ in range(2):
        x = L.Activation("selu")(L.BatchNormalization()(L.Dense(16)(x)))
    return keras.Model([numbers, kind], L.Dense(1)(x))
