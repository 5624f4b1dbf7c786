"""Calls of TensorFlow: tf, tf.nn, tf.math, tf.image, and tf.linalg."""

from __future__ import annotations

import tensorflow as tf

from support.raw_calls import Call

CALLS: dict[str, Call] = {
    "tf.abs": lambda x: tf.abs(x) - tf.sin(x),
    "tf.clip_by_value": lambda x: tf.clip_by_value(x, -0.5, 0.7),
    "tf.where": lambda x: tf.where(x > 0, x, tf.exp(x)),
    "tf.concat": lambda x: tf.concat([x, -x], -1)[..., :4],
    "tf.stack": lambda x: tf.stack([x, x * 2], axis=1),
    "tf.split": lambda x: tf.split(x, 2, axis=-1)[1],
    "tf.einsum": lambda x: tf.einsum("btd,bsd->bts", x, x) @ x,
    "tf.matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "tf.reduce_mean": lambda x: x - tf.reduce_mean(x, -1, keepdims=True),
    "tf.reduce_max": lambda x: tf.reduce_max(x, axis=1),
    "tf.argmax": lambda x: tf.argmax(x, axis=-1),
    "tf.cumsum": lambda x: tf.cumsum(x, axis=1),
    "tf.sort": lambda x: tf.sort(x, axis=-1),
    "tf.norm": lambda x: tf.norm(x, axis=-1),
    "tf.reverse": lambda x: tf.reverse(x, axis=[1]),
    "tf.roll": lambda x: tf.roll(x, 1, axis=-1),
    "tf.transpose": lambda x: tf.transpose(x, (0, 2, 1)),
    "tf.reshape": lambda x: tf.reshape(x, (tf.shape(x)[0], -1, 2)),
    "tf.shape": lambda x: tf.reshape(x, tf.shape(x)),
    "tf.expand_dims": lambda x: tf.expand_dims(x, -1) * x[..., None, :],
    "tf.tile": lambda x: tf.tile(x, (1, 2, 1)),
    "tf.range of a size": lambda x: (
        x + tf.cast(tf.range(tf.shape(x)[1]), x.dtype)[None, :, None]
    ),
    "tf.zeros of a size": lambda x: x + tf.zeros((tf.shape(x)[0], 1, 4)),
    "tf.ones_like": lambda x: x + tf.ones_like(x),
    "tf.pad": lambda x: tf.pad(x, ((0, 0), (1, 0), (1, 2))),
    "tf.gather": lambda x: tf.gather(x, [2, 0], axis=-1),
    "tf.one_hot": lambda x: tf.one_hot(tf.argmax(x, axis=-1), 4),
    "tf.constant": lambda x: x * tf.constant([1.0, 2.0, 3.0, 4.0]),
    "tf.cast": lambda x: tf.cast(x * 10, "int32") // 3,
    "tf.cond": lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x + 1, lambda: x - 1),
    "tf.boolean": lambda x: tf.logical_and(x > 0, x < 1),
    "slices": lambda x: x[:, ::2, 1:],
    "index": lambda x: x[:, -1],
    "math.erf": tf.math.erf,
    "math.erfc": tf.math.erfc,
    "math.expm1": tf.math.expm1,
    "math.log1p": lambda x: tf.math.log1p(tf.abs(x)),
    "math.reduce_variance": lambda x: tf.math.reduce_variance(x, axis=-1),
    "math.reduce_logsumexp": lambda x: tf.math.reduce_logsumexp(x, axis=-1),
    "math.top_k": lambda x: tf.math.top_k(x, 2).values,
    "math.l2_normalize": lambda x: tf.math.l2_normalize(x, axis=-1),
    "math.squared_difference": lambda x: tf.math.squared_difference(x, x[:, :1]),
    "math.floormod": lambda x: tf.math.floormod(x, 0.7),
    "math.xlogy": lambda x: tf.math.xlogy(tf.abs(x), tf.abs(x) + 1),
    "nn.relu": tf.nn.relu,
    "nn.gelu": tf.nn.gelu,
    "nn.softmax": tf.nn.softmax,
    "nn.log_softmax": tf.nn.log_softmax,
    "nn.leaky_relu": tf.nn.leaky_relu,
    "nn.selu": tf.nn.selu,
    "nn.conv1d": lambda x: tf.nn.conv1d(x, tf.ones((3, 4, 2)), 1, "SAME"),
    "nn.avg_pool1d": lambda x: tf.nn.avg_pool1d(x, 2, 1, "SAME"),
    "nn.bias_add": lambda x: tf.nn.bias_add(x, tf.ones(4)),
    "nn.moments": lambda x: tf.nn.moments(x, axes=[1])[0],
    "linalg.band_part of a size": lambda x: (
        x + tf.linalg.band_part(tf.ones((tf.shape(x)[1], 4)), 1, 1)
    ),
    "linalg.diag_part": lambda x: tf.linalg.diag_part(
        tf.matmul(x, x, transpose_a=True)
    ),
    "linalg.trace": lambda x: tf.linalg.trace(tf.matmul(x, x, transpose_a=True)),
    "linalg.matvec": lambda x: tf.linalg.matvec(x, tf.ones(4)),
    "image.resize": lambda x: tf.image.resize(x[..., None], (6, 8)),
    "image.flip": lambda x: tf.image.flip_left_right(x[..., None]),
    "image.adjust_contrast": lambda x: tf.image.adjust_contrast(x[..., None], 2.0),
    "image.per_image_standardization": lambda x: tf.image.per_image_standardization(
        x[..., None]
    ),
}

QUICK = [
    "tf.concat",
    "tf.einsum",
    "tf.argmax",
    "tf.where",
    "tf.range of a size",
    "tf.reshape",
    "tf.pad",
    "slices",
    "math.expm1",
    "math.top_k",
    "nn.gelu",
    "linalg.band_part of a size",
    "image.flip",
]
