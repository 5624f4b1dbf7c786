"""Models of one recurrent layer, with masks, and masks of any pattern."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from support.export_check import randomize

FEATURES, UNITS = 3, 4
PLAIN = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
SEQUENCES = {"return_sequences": True}
STATES = {"return_state": True}
BACKWARDS = {**SEQUENCES, "go_backwards": True}


def built(layer: Any) -> keras.Model:
    x = keras.Input((None, FEATURES))
    model = keras.Model(x, layer(x))
    randomize(model)
    return model


def masked(layer: Any, states: int = 0) -> keras.Model:
    """A model of a layer, its mask and its initial states."""
    x, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    initial = [keras.Input((UNITS,)) for _ in range(states)]
    given = {"initial_state": initial} if states else {}
    model = keras.Model([x, mask, *initial], layer(x, mask=mask, **given))
    randomize(model)
    return model


def draw_any(rng: Any, shape: Any, dtype: str) -> Any:
    """Draw masks of any pattern; one sample has no step, the next has all."""
    if dtype != "bool":
        return rng.normal(size=shape).astype(dtype)
    mask = rng.random(shape) < 0.6
    mask[1:2], mask[2:3] = False, True
    return mask


def bidirectional(layer: Any, mode: Any = "concat", **kwargs: Any) -> Any:
    made = layer(UNITS, **PLAIN, **kwargs)
    return layers.Bidirectional(made, merge_mode=mode)
