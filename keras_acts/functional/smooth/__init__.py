"""The smooth family: later rectifiers and gates with a continuous gradient."""

from keras_acts.functional.smooth.gates import golu, hard_mish, isru, laplace, telu
from keras_acts.functional.smooth.learned import star_relu, xielu
from keras_acts.functional.smooth.rectifiers import elish, isrlu, serlu, smelu

__all__ = [
    "elish",
    "golu",
    "hard_mish",
    "isrlu",
    "isru",
    "laplace",
    "serlu",
    "smelu",
    "star_relu",
    "telu",
    "xielu",
]
