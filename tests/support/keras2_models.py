"""Models of Keras 2, and the files and answers that it left of them.

`python tests/support/keras2_models.py`, in an environment with tf_keras 2.x and
TensorFlow, writes `tests/keras2_files/`: each model as `.h5` and as `.keras`, and in
`answers.npz` what it answered on the inputs beside. Nothing else needs tf_keras.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "keras2_files"
ANSWERS = FOLDER / "answers.npz"
SLOTS = FOLDER / "optimizer_slots"
"""A SavedModel whose optimizer today's TensorFlow refuses."""


def models(keras: Any, tf: Any) -> dict[str, Any]:
    """Return a model of each kind by its name, made by `tf_keras`."""
    layers, stack = keras.layers, keras.Sequential

    def inp(*shape: Any, **kwargs: Any) -> Any:
        return keras.Input(shape, **kwargs)

    made = {
        "dense": stack([inp(4), layers.Dense(3, "relu"), layers.Dense(2, "softmax")]),
        "depthwise": stack(
            [
                inp(8, 8, 3),
                layers.DepthwiseConv2D(3, activation="relu"),
                layers.BatchNormalization(),
                layers.GlobalAveragePooling2D(),
            ]
        ),
        "transposed": stack(
            [
                inp(6, 6, 3),
                layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
                layers.SeparableConv2D(3, 3),
                layers.UpSampling2D(2),
            ]
        ),
        "recurrent": stack(
            [
                inp(6, dtype="int32"),
                layers.Embedding(20, 4, mask_zero=True, input_length=6),
                layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
                layers.GRU(2, return_sequences=True, reset_after=False),
                layers.SimpleRNN(2),
            ]
        ),
        "hard_sigmoid": stack(
            [
                inp(5, 3),
                layers.LSTM(4, recurrent_activation="hard_sigmoid"),
                layers.Dense(2, activation="hard_sigmoid"),
            ]
        ),
        "cells": stack(
            [inp(6, 3), layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])]
        ),
        "convolved": stack([inp(3, 6, 6, 2), layers.ConvLSTM2D(2, 3)]),
        "activations": stack(
            [
                *(inp(4), layers.Dense(3), layers.LeakyReLU(0.2), layers.Dense(3)),
                *(layers.PReLU(), layers.ELU(0.5), layers.ThresholdedReLU(0.1)),
                *(layers.ReLU(6.0), layers.Dense(3, "swish"), layers.Softmax()),
                layers.Activation("gelu"),
            ]
        ),
        "images": stack(
            [
                *(inp(8, 8, 3), layers.Rescaling(1 / 255), layers.Resizing(6, 6)),
                *(layers.CenterCrop(4, 4), layers.RandomFlip()),
                *(layers.ZeroPadding2D(1), layers.Flatten(), layers.Dropout(0.5)),
                layers.Dense(2),
            ]
        ),
        "axes": stack(
            [
                inp(4, 4, 4),
                layers.Conv2D(4, 2, groups=2),
                layers.BatchNormalization(axis=[3]),
                layers.LayerNormalization(axis=[1, 2, 3]),
                layers.Permute((2, 1, 3)),
                layers.Reshape((-1, 4)),
                layers.Conv1D(2, 3, padding="causal"),
                layers.TimeDistributed(layers.Dense(2)),
            ]
        ),
        "numbers": stack([inp(3), layers.Discretization([0.0, 1.0])]),
        "lookup": stack(
            [
                inp(2, dtype="int64"),
                layers.IntegerLookup(vocabulary=[3, 5, 7]),
                layers.Embedding(5, 2),
            ]
        ),
        "regularized": stack(
            [
                inp(4),
                layers.Dense(3, kernel_regularizer="l2", bias_constraint="max_norm"),
            ]
        ),
    }
    made |= _functional(keras, tf)
    return made


def _functional(keras: Any, tf: Any) -> dict[str, Any]:
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(4)
    both = layers.Add()([shared(a), shared(b)])
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()]
    )
    x = keras.Input((4,))
    middle = keras.Model(x, layers.Dense(4)(inner(x)))
    frozen = keras.Model(x, layers.Dense(2)(middle(middle(x))))
    middle.trainable = False
    image = keras.Input((4, 5))
    attended = layers.MultiHeadAttention(2, 4)(image, image)
    seen = layers.LayerNormalization()(attended + image)
    step = tf.nn.relu(layers.Dense(4)(a)) + 1.0
    step = tf.reshape(tf.concat([step, step * 2], -1), (-1, 2, 4))
    moved = image[:, 1:] - image[:, :-1]
    gate = tf.math.sigmoid(image[:, 0:1])
    moved = tf.clip_by_value(tf.transpose(moved * gate, (0, 2, 1)), -1.0, 1.0)
    return {
        "shared": keras.Model([a, b], [both, layers.Concatenate()([both, a])]),
        "by_name": keras.Model({"a": a, "b": b}, {"sum": layers.Dot(1)([a, b])}),
        "nested": frozen,
        "attention": keras.Model(image, layers.Attention()([seen, seen])),
        "calls": keras.Model(a, tf.reduce_mean(step, axis=1) / (1.0 + tf.exp(a))),
        "slices": keras.Model(image, tf.math.reduce_max(moved, -1, keepdims=True)),
    }


def main() -> None:
    """Write the folder."""
    import tensorflow as tf
    import tf_keras as keras

    FOLDER.mkdir(exist_ok=True)
    random, answers = np.random.default_rng(0), {}
    for name, model in models(keras, tf).items():
        for w in model.weights:
            above = 1.0 if "variance" in w.name else 0.0
            w.assign(random.normal(size=w.shape) * 0.3 + above)
        inputs = {t.name: _numbers(random, t) for t in model.inputs}
        named = isinstance(model.input, dict)
        given = inputs if named else list(inputs.values())
        outputs = model(given if len(inputs) > 1 else given[0], training=False)
        answers |= {f"{name}:x:{i}": x for i, x in enumerate(inputs.values())}
        found = tf.nest.flatten(outputs)
        answers |= {f"{name}:y:{i}": y.numpy() for i, y in enumerate(found)}
        for suffix in ("h5", "keras"):
            model.save(FOLDER / f"{name}.{suffix}")
    model = keras.Sequential(
        [
            keras.Input((4,), name="x"),
            keras.layers.Dense(3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(2, activation="softmax", name="y"),
        ]
    )
    model.compile(keras.optimizers.legacy.Adam(), "mse")
    x = random.normal(size=(8, 4)).astype("float32")
    model.fit(x, x[:, :2], verbose=0)
    model.save(SLOTS, save_format="tf")
    answers |= {"slots:x:0": x, "slots:y:0": model(x).numpy()}
    np.savez_compressed(ANSWERS, **answers)


def _numbers(random: np.random.Generator, tensor: Any) -> np.ndarray:
    shape = [2, *tensor.shape[1:]]
    if tensor.dtype.is_integer:
        return random.integers(0, 8, shape).astype(tensor.dtype.name)
    return random.normal(size=shape).astype("float32")


if __name__ == "__main__":
    sys.exit(main())
