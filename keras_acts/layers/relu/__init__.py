"""The relu family: piecewise linear, bent at a threshold."""

from keras_acts.layers.relu.adaptive import APReLU
from keras_acts.layers.relu.dynamic import DYReLU
from keras_acts.layers.relu.fixed import (
    CReLU,
    LeakyReLU,
    ReLU,
    ReLU6,
    RReLU,
    SquaredReLU,
    Threshold,
    ThresholdedReLU,
)
from keras_acts.layers.relu.funnel import FReLU
from keras_acts.layers.relu.learned import TLU, PReLU

__all__ = [
    "TLU",
    "APReLU",
    "CReLU",
    "DYReLU",
    "FReLU",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SquaredReLU",
    "Threshold",
    "ThresholdedReLU",
]
