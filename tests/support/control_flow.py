"""A layer that calls a function of itself and its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from support.export_check import randomize


@keras.saving.register_keras_serializable("control_flow")
class Calls(layers.Layer):
    """A layer that calls a function of itself and its input, of the input's shape."""

    def __init__(self, function: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.dense = layers.Dense(4, kernel_initializer="ones")

    def build(self, shape: Any) -> None:
        self.dense.build((None, 4))
        self.scale = self.add_weight(shape=(4,), initializer="ones")

    def call(self, x: Any) -> Any:
        return self.function(self, x)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)


def calling_model(function: Callable[..., Any], **kwargs: Any) -> keras.Model:
    x = keras.Input((None, 4), **kwargs)
    model = keras.Model(x, Calls(function, **kwargs)(x))
    randomize(model)
    return model
