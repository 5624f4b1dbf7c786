"""An activation as a function of NumPy arrays in float64, with its learned values."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from keras_acts._learnable import LearnableActivationLayer
from keras_acts.advice.identity import Known

_GOLDEN = (0.6180339887498949, 0.7548776662466927, 0.8191725133961645)
"""Steps of sequences that fill the unit interval evenly, and do so independently."""
_CHANNELS = 256
"""How many channels stand for the distribution of learned values."""


def pointwise(known: Known) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[Any]]:
    """Return an elementwise activation as a function of points.

    Args:
        known: The activation.

    Returns:
        A function from points `(n,)` to values `(n, channels)`, which computes in
        float64 where the activation can. Learned values are those of a layer that has
        them, else the initial ones; where those are random, an even sample of them.
    """
    if known.layer is None:
        function = known.function

        def of_function(z: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
            return computed(function, z[:, None])

        return of_function
    layer = known.layer
    values = learned_values(known)

    def evaluate(z: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        return computed(type(layer).function, z[:, None], **values, **layer.arguments)

    return evaluate


def computed(
    function: Any, z: npt.NDArray[np.float64], **given: Any
) -> npt.NDArray[Any]:
    """Return what a function gives in float64."""
    with _float64():
        x = ops.convert_to_tensor(z, dtype="float64")
        weights = {
            key: ops.convert_to_tensor(value, dtype="float64")
            if isinstance(value, np.ndarray)
            else value
            for key, value in given.items()
        }
        return np.asarray(ops.convert_to_numpy(function(x, **weights)))


@contextlib.contextmanager
def _float64() -> Iterator[None]:
    """Let JAX have float64, as the other backends have always."""
    if keras.backend.backend() != "jax":
        yield
        return
    jax = importlib.import_module("jax")
    if not hasattr(jax, "enable_x64"):  # where it stood in older releases
        jax = importlib.import_module("jax.experimental")
    with jax.enable_x64(True):
        yield


def learned_values(known: Known) -> dict[str, npt.NDArray[np.float64]]:
    """Return the learned arguments of an activation by name."""
    layer = known.layer
    learned = getattr(layer, "learned", {})
    values: dict[str, npt.NDArray[np.float64]] = {}
    for at, (name, weight) in enumerate(learned.items()):
        if name in known.weights:
            value = np.asarray(known.weights[name], np.float64)
        elif weight is not None:
            value = np.asarray(ops.convert_to_numpy(weight), np.float64)
        else:
            value = _initial(layer, name, at)
        by_channel = isinstance(layer, LearnableActivationLayer)
        values[name] = _some(value.ravel()) if by_channel and value.ndim else value
    return values


def _some(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return at most so many of the values, evenly spaced."""
    at = np.linspace(0, len(values) - 1, min(len(values), _CHANNELS))
    chosen: npt.NDArray[np.float64] = values[at.astype(int)]
    return chosen


def _initial(layer: Any, name: str, at: int) -> npt.NDArray[np.float64]:
    """Return a weight's initial value, one channel; of a random one, an even sample."""
    initializer = getattr(layer, f"{name}_initializer")
    places = np.modf((np.arange(_CHANNELS) + 0.5) * _GOLDEN[at % len(_GOLDEN)])[0]
    if isinstance(initializer, keras.initializers.RandomUniform):
        low, high = initializer.minval, initializer.maxval
        return np.asarray(low + (high - low) * places)
    if isinstance(initializer, keras.initializers.RandomNormal):
        normal = NormalDist(initializer.mean, initializer.stddev)
        return np.array([normal.inv_cdf(place) for place in places])
    shapes = getattr(layer, "weight_shapes", None)
    shape = shapes((None, 1))[name] if shapes else (1,)
    return np.asarray(ops.convert_to_numpy(initializer(shape, dtype="float32")), float)
