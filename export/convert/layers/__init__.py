"""Converters of layers whose `call` is not made of `keras.ops`."""

from keras_acts.export.convert.layers import (
    activations,
    normalization,
    recurrent,
    reshaping,
    scaling,
    upsampling,
)

__all__ = [
    "activations",
    "normalization",
    "recurrent",
    "reshaping",
    "scaling",
    "upsampling",
]
