"""The base classes of the activation layers, for activations of your own."""

from keras_acts.layers._base import ActivationLayer
from keras_acts.layers._learnable import (
    LearnableActivationLayer,
    TunableActivationLayer,
)

__all__ = ["ActivationLayer", "LearnableActivationLayer", "TunableActivationLayer"]
