"""The softmax family: vectors turned into probabilities."""

from keras_acts.functional.softmax.dense import (
    gumbel_softmax,
    log_softmax,
    softmax,
    softmax_one,
    softmin,
)
from keras_acts.functional.softmax.entmax import entmax
from keras_acts.functional.softmax.sparse import entmax15, sparsemax

__all__ = [
    "entmax",
    "entmax15",
    "gumbel_softmax",
    "log_softmax",
    "softmax",
    "softmax_one",
    "softmin",
    "sparsemax",
]
