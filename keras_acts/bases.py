"""The base classes of the activation layers, for activations of your own."""

from keras_acts._learnable import (
    LearnableActivationLayer,
    TunableActivationLayer,
)
from keras_acts.layers._base import ActivationLayer

__all__ = ["ActivationLayer", "LearnableActivationLayer", "TunableActivationLayer"]
