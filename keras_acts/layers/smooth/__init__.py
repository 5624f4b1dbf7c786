"""The smooth family: later rectifiers and gates with a continuous gradient."""

from keras_acts.layers.smooth.gates import ISRU, GoLU, HardMish, Laplace, TeLU
from keras_acts.layers.smooth.learned import XIELU, StarReLU
from keras_acts.layers.smooth.rectifiers import ISRLU, SERLU, ELiSH, SmeLU

__all__ = [
    "ISRLU",
    "ISRU",
    "SERLU",
    "XIELU",
    "ELiSH",
    "GoLU",
    "HardMish",
    "Laplace",
    "SmeLU",
    "StarReLU",
    "TeLU",
]
