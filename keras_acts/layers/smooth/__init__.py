"""The smooth family: later rectifiers and gates with a continuous gradient."""

from keras_acts.layers.smooth.gates import ISRU, GoLU, HardMish, Laplace, TeLU
from keras_acts.layers.smooth.learned import ACON, ACONB, ACONC, XIELU, StarReLU
from keras_acts.layers.smooth.meta import MetaACON
from keras_acts.layers.smooth.rational import Rational
from keras_acts.layers.smooth.rectifiers import ISRLU, SERLU, ELiSH, SmeLU

__all__ = [
    "ACON",
    "ACONB",
    "ACONC",
    "ISRLU",
    "ISRU",
    "SERLU",
    "XIELU",
    "ELiSH",
    "GoLU",
    "HardMish",
    "Laplace",
    "MetaACON",
    "Rational",
    "SmeLU",
    "StarReLU",
    "TeLU",
]
