"""Converters of layers whose `call` is not made of `keras.ops`."""

from keras_acts.export.convert.layers import (
    activations,
    lookup,
    normalization,
    recurrent,
    reshaping,
    scaling,
    spectrograms,
    upsampling,
)

__all__ = [
    "activations",
    "lookup",
    "normalization",
    "recurrent",
    "reshaping",
    "scaling",
    "spectrograms",
    "upsampling",
]
