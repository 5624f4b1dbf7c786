"""The softmax family: vectors turned into probabilities."""

from keras_acts.layers.softmax.dense import (
    GumbelSoftmax,
    LogSoftmax,
    Softmax,
    SoftmaxOne,
    Softmin,
)
from keras_acts.layers.softmax.entmax import Entmax
from keras_acts.layers.softmax.sparse import Entmax15, Sparsemax

__all__ = [
    "Entmax",
    "Entmax15",
    "GumbelSoftmax",
    "LogSoftmax",
    "Softmax",
    "SoftmaxOne",
    "Softmin",
    "Sparsemax",
]
