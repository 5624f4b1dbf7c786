"""The base classes of the activation layers, for activations of your own."""

from keras_acts.layers._base import (
    ActivationLayer,
    LearnableActivationLayer,
    TunableActivationLayer,
)

__all__ = ["ActivationLayer", "LearnableActivationLayer", "TunableActivationLayer"]
