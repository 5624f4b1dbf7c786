"""Prints the SHA-256 of the file of a model with islands, made in this process."""

from __future__ import annotations

import hashlib
import warnings

import keras
from keras import layers

from support.export_check import randomize
from support.islands import Raw, raw_relu


def digest() -> str:
    from keras_acts.export import to_onnx

    x = keras.Input((None, 4), name="x")
    y = Raw(raw_relu, lambda x: x[:, 1:] * 2, name="raw")(x)
    kwargs = {"kernel_initializer": "ones", "name": "last"}
    model = keras.Model(x, layers.Dense(3, **kwargs)(y[1]), name="m")
    randomize(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proto = to_onnx(model)
    return hashlib.sha256(proto.SerializeToString(deterministic=True)).hexdigest()


if __name__ == "__main__":
    print(digest())
