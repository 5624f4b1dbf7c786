"""Models of the user's own classes, with activations inside."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np

L = keras.layers


class Block(L.Layer):
    """A layer of the user's own."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = L.Dense(8, activation=activation, name="inner")
        self.drop = L.Dropout(0.1, name="drop")

    def call(self, x: Any) -> Any:
        return self.drop(self.inner(x))


class Subclassed(keras.Model):
    """Blocks in a row, and a head."""

    def __init__(self, activation: Any, head: Any, depth: int = 2) -> None:
        super().__init__()
        self.blocks = [Block(activation, name=f"block_{k}") for k in range(depth)]
        self.head = head

    def call(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Secretive(Block):
    """A layer whose call can't be followed."""

    def call(self, x: Any) -> Any:
        if isinstance(x, keras.KerasTensor):
            raise TypeError("only numbers here")
        return super().call(x)


def called(model: Any, shape: tuple[int, ...] = (2, 8)) -> Any:
    """Return a model that was called once; Keras warns of softmax over one unit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(np.zeros(shape, "float32"))
    return model
