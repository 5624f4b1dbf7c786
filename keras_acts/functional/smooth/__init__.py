"""The smooth family: later rectifiers and gates with a continuous gradient."""

from keras_acts.functional.smooth.gates import golu, hard_mish, isru, laplace, telu
from keras_acts.functional.smooth.learned import acon_b, acon_c, star_relu, xielu
from keras_acts.functional.smooth.rational import poly_norm, rational
from keras_acts.functional.smooth.rectifiers import elish, isrlu, serlu, smelu

__all__ = [
    "acon_b",
    "acon_c",
    "elish",
    "golu",
    "hard_mish",
    "isrlu",
    "isru",
    "laplace",
    "poly_norm",
    "rational",
    "serlu",
    "smelu",
    "star_relu",
    "telu",
    "xielu",
]
