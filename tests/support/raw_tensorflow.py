"""A model whose layer calls TensorFlow beside `keras.ops`, and its bytes.

As a script it prints the SHA-256 of the exported file.
"""

from __future__ import annotations

import hashlib
from typing import Any

import keras
from keras import layers


class Raw(layers.Layer):
    """Computes some things twice, of which tf2onnx may keep either."""

    def call(self, x: Any) -> Any:
        import tensorflow as tf

        y = tf.nn.gelu(x) * tf.math.expm1(x)
        turned = tf.transpose(tf.transpose(y)[::-1])
        return tf.concat([y, tf.math.softsign(x) * x, turned + tf.nn.gelu(x)], -1)


def model() -> keras.Model:
    x = keras.Input(batch_shape=(4, 4), name="x")
    y = layers.Dense(4, kernel_initializer="ones", name="d")(x)
    return keras.Model(x, Raw(name="raw")(y), name="m")


def digest(keras_model: keras.Model) -> str:
    from keras_acts.export import to_onnx

    proto = to_onnx(keras_model, engine="tf2onnx")
    return hashlib.sha256(proto.SerializeToString(deterministic=True)).hexdigest()


if __name__ == "__main__":
    print(digest(model()))
