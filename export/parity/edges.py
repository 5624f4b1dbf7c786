"""Edge inputs: where activations bend, saturate, overflow and are undefined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import keras
import numpy as np

from keras_acts import layers
from keras_acts.export.parity.reference.keras_calls import all_layers
from keras_acts.export.parity.tolerances import PRECISIONS, Array

MAGNITUDES = (1e-30, 0.5, 1.0, 2.5, 3.0, 6.0, 20.0, 88.0)
"""A tiny normal number, the kinks of the hard and the clipped activations, and
where sigmoids, softplus and exponentials saturate or come to float32's ends."""

_MOST_OWN = 8  # marks taken from a model's own activations

_KERAS_ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
    keras.layers.Softmax,
)

# Activations that sum products inside, as a Dense layer does.
_WITH_SUMS = (layers.APReLU, layers.Maxout)


@dataclass(frozen=True)
class Edge:
    """Some edge inputs that are run together.

    Attributes:
        name: What they are.
        values: The numbers.
        ordinary: Whether any model must agree on them. The others are beyond what
            sums survive, or are no numbers, and decide for lone activations at most.
        finite: Whether they are normal finite numbers.
    """

    name: str
    values: Array
    ordinary: bool = True
    finite: bool = True

    def rows(self, shape: tuple[int, ...]) -> int:
        """Return the batch size at which each value has its place in a shape."""
        elements = int(np.prod(shape[1:], dtype=int))
        return -(-len(self.values) // max(elements, 1))

    def filled(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return an array that has each value somewhere, in an irregular order.

        Most are positive: sums over an axis would come to nothing but their rounding
        errors if the values canceled.
        """
        odds = np.where(np.signbit(self.values), 1.0, 3.0)
        count = int(np.prod(shape, dtype=int))
        drawn = rng.choice(self.values, count, p=odds / odds.sum())
        places = rng.permutation(count)[: len(self.values)]
        drawn[places] = self.values[: len(places)]
        return drawn.reshape(shape)


def edges(model: Any, precision: str) -> Iterator[Edge]:
    """Yield the edge inputs of a model, those of one magnitude together.

    A large output would lend its tolerance to a small one, so magnitudes are apart.
    """
    row = PRECISIONS[precision]
    yield Edge("0", np.array([0.0]))
    # Keras's argmax takes -0 for less than 0, which ONNX does not.
    yield Edge("±0", np.array([0.0, -0.0]), ordinary=False)
    for size in (*MAGNITUDES, *own_marks(model)):
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


def own_marks(model: Any) -> list[float]:
    """Return the magnitudes among the arguments of a model's activations.

    Thresholds, limits and slopes are where an activation bends.
    """
    marks: list[float] = []
    for layer in all_layers(model):
        if _is_activation(layer):
            config = layer.get_config().values()
            numbers = [abs(float(v)) for v in config if _is_number(v)]
            marks += [v for v in numbers if 0 < v < 1e4 and v not in MAGNITUDES]
    return list(dict.fromkeys(marks))[:_MOST_OWN]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_activation(layer: Any) -> bool:
    ours = (layers.ActivationLayer, layers.LearnableActivationLayer)
    return isinstance(layer, (*ours, *_KERAS_ACTIVATIONS))


def is_lone_activation(model: Any) -> bool:
    """Whether a model is one activation, which owes its answer at every number.

    Behind a sum of products the largest numbers overflow in one order of the sum and
    not in another.
    """
    inside = [
        x for x in all_layers(model) if not isinstance(x, keras.layers.InputLayer)
    ]
    lone = inside[0] if len(inside) == 1 else model
    return _is_activation(lone) and not isinstance(lone, _WITH_SUMS)
