"""The relu family: piecewise linear, bent at a threshold."""

from keras_acts.functional.relu.dynamic import dyrelu, frelu
from keras_acts.functional.relu.fixed import (
    crelu,
    leaky_relu,
    relu,
    relu6,
    rrelu,
    squared_relu,
    threshold,
    thresholded_relu,
)
from keras_acts.functional.relu.learned import aprelu, prelu, tlu

__all__ = [
    "aprelu",
    "crelu",
    "dyrelu",
    "frelu",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "squared_relu",
    "threshold",
    "thresholded_relu",
    "tlu",
]
