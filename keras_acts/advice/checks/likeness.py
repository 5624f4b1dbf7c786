"""Which activation a function of one's own is: the one that gives the same numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_acts._conversion import NAMES
from keras_acts.advice.identity import Known, identify

Array = np.ndarray[Any, np.dtype[Any]]

_POINTS = np.random.default_rng(0).normal(0, 3, (6, 10)).astype("float32")
_RTOL, _ATOL = 1e-5, 1e-6


def known(activation: Any) -> Known:
    """Return which activation something is, by its numbers if not by its name.

    Args:
        activation: What `identify` takes.
    """
    found = identify(activation)
    if found.name is not None or isinstance(activation, keras.layers.Layer):
        return found
    mine = _values(activation)
    if mine is None:
        return found
    if np.array_equal(mine, _POINTS):
        return identify("linear")
    for name, theirs in _answers().items():
        same = mine.shape == theirs.shape
        if same and np.allclose(mine, theirs, rtol=_RTOL, atol=_ATOL):
            return identify(name)
    return found


def _values(function: Callable[..., Any]) -> Array | None:
    try:
        return np.asarray(keras.ops.convert_to_numpy(function(_tensor())))
    except Exception:  # any code of a user's, which may want other inputs
        return None


def _tensor() -> Any:
    return keras.ops.convert_to_tensor(_POINTS)


@functools.cache
def _answers() -> Mapping[str, Array]:
    functions = {name: getattr(keras.activations, name, None) for name in NAMES}
    found = {name: _values(one) for name, one in functions.items() if one is not None}
    return {name: values for name, values in found.items() if values is not None}
