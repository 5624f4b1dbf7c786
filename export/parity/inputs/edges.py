"""Edge inputs: where activations have kinks, saturate, overflow or are undefined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import keras
import numpy as np

from keras_acts import layers
from keras_acts.bases import ActivationLayer
from keras_acts.export.parity.reference.keras_calls import all_layers
from keras_acts.export.parity.tolerances import PRECISIONS, Array

MAGNITUDES = (1e-30, 0.5, 1.0, 2.5, 3.0, 6.0, 20.0, 88.0)
"""A tiny normal number, the kinks of hard and clipped activations, and where sigmoids,
softplus and exponentials saturate or reach the limits of float32."""

_MOST_BREAKPOINTS = 8  # taken from a model's own activations

_KERAS_ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
    keras.layers.Softmax,
)

# Activations that compute sums of products, as a Dense layer does.
_WITH_SUMS = (
    layers.APReLU,
    layers.DYReLU,
    layers.FReLU,
    layers.Maxout,
    layers.MetaACON,
)


@dataclass(frozen=True)
class Edge:
    """Edge inputs that are run together.

    Attributes:
        name: What they are.
        values: The numbers.
        ordinary: Whether every model must agree on them. The others overflow in sums
            or are not numbers, and decide for standalone activations at most.
        finite: Whether they are normal finite numbers.
    """

    name: str
    values: Array
    ordinary: bool = True
    finite: bool = True

    def rows(self, shape: tuple[int, ...]) -> int:
        """Return the batch size at which a shape has an element for each value."""
        elements = int(np.prod(shape[1:], dtype=int))
        return -(-len(self.values) // max(elements, 1))

    def filled(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return an array that contains each value, in random order.

        Most are positive: if the values canceled, sums over an axis would consist of
        rounding errors only.
        """
        odds = np.where(np.signbit(self.values), 1.0, 3.0)
        count = int(np.prod(shape, dtype=int))
        drawn = rng.choice(self.values, count, p=odds / odds.sum())
        indices = rng.permutation(count)[: len(self.values)]
        drawn[indices] = self.values[: len(indices)]
        return drawn.reshape(shape)


def edges(model: Any, precision: str) -> Iterator[Edge]:
    """Yield the edge inputs of a model, grouped by magnitude.

    A large output would loosen the tolerance of a small one, so magnitudes are not
    mixed.
    """
    row = PRECISIONS[precision]
    yield Edge("0", np.array([0.0]))
    # Keras's argmax orders -0 before 0; ONNX's does not.
    yield Edge("±0", np.array([0.0, -0.0]), ordinary=False)
    for size in (*MAGNITUDES, *breakpoints(model)):
        yield Edge(f"±{size:g} and neighbours", _around(size, precision))
    tiny = row.smallest_normal
    yield Edge("±smallest normal", np.array([tiny, -tiny]), ordinary=False)
    yield Edge("±largest", np.array([row.largest, -row.largest]), ordinary=False)
    yield Edge("subnormals", np.array([tiny / 4, -tiny / 4]), False, False)
    yield Edge("±inf", np.array([np.inf, -np.inf, 1.0, -1.0]), False, False)
    yield Edge("NaN", np.array([np.nan, 0.0, 1.0, -1.0]), False, False)


def _around(size: float, precision: str) -> Array:
    row = PRECISIONS[precision]
    size = max(size, row.smallest_normal)
    step = 2 * row.eps * size
    near = np.array([size, size + step, size - step / 2])
    return np.concatenate([near, -near])


def breakpoints(model: Any) -> list[float]:
    """Return the magnitudes in the configurations of a model's activations.

    An activation has its kinks at thresholds and limits.
    """
    found: list[float] = []
    for layer in all_layers(model):
        if _is_activation(layer):
            config = layer.get_config().values()
            numbers = [abs(float(v)) for v in config if _is_number(v)]
            found += [v for v in numbers if 0 < v < 1e4 and v not in MAGNITUDES]
    return list(dict.fromkeys(found))[:_MOST_BREAKPOINTS]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_activation(layer: Any) -> bool:
    return isinstance(layer, (ActivationLayer, *_KERAS_ACTIVATIONS))


def is_standalone_activation(model: Any) -> bool:
    """Whether a model is a single activation, which must be right for every number.

    After a sum of products, whether the largest numbers overflow depends on the order
    of the sum.
    """
    computing = [
        x for x in all_layers(model) if not isinstance(x, keras.layers.InputLayer)
    ]
    candidate = computing[0] if len(computing) == 1 else model
    return _is_activation(candidate) and not isinstance(candidate, _WITH_SUMS)
