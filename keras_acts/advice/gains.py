"""How an activation changes the size of a signal, and the gain that makes up for it.

Under a unit normal input z the activation f leaves the second moment E[f(z)²]. Weights
with the variance gain / fan_in, gain = 1 / E[f(z)²], give the next layer's units the
second moment 1 again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts import layers
from keras_acts.advice.identity import Known, identify
from keras_acts.advice.moments.pointwise import computed, pointwise
from keras_acts.advice.moments.quadrature import (
    Array,
    Moments,
    maximum_moments,
    moments,
)
from keras_acts.functional.gated import gated

STEADY = 1.005
"""The largest `sensitivity` with which a stack keeps its second moment by itself."""


@dataclass(frozen=True)
class Gain:
    """What an activation does to a unit normal input.

    Attributes:
        activation: Its name.
        mean: E[f(z)].
        second_moment: E[f(z)²].
        gain: 1 / E[f(z)²]: weights of the variance gain / fan_in preserve the second
            moment.
        sensitivity: By how many per cent the second moment behind the activation
            changes where that before it changes by one: d log E[f(√q z)²] / d log q at
            q = 1. Up to 1 a stack of layers stays at the second moment 1; above 1 it
            drifts away, since each layer enlarges what the last one missed.
        kurtosis: E[f(z)⁴] / E[f(z)²]², which says how wide layers have to be.
    """

    activation: str
    mean: float
    second_moment: float
    gain: float
    sensitivity: float
    kurtosis: float

    @property
    def steady(self) -> bool:
        """Whether a deep stack keeps its second moment without normalization."""
        return self.sensitivity <= STEADY


def gain_of(activation: Any, **arguments: Any) -> Gain:
    """Return the gain of an activation, computed from its second moment.

    For gated activations f(a, b), z is a pair of independent unit normal variables; for
    Maxout, as many as it has pieces.

    Args:
        activation: As in `initializer_for`.
        **arguments: Arguments of the activation.

    Returns:
        The moments and the gain. They are exact to some ten digits.

    Raises:
        ValueError: The activation isn't known, or has no such gain: the message says
            why, and what to do.
        TypeError: `activation` is nothing that names one.

    Example:
        >>> gains.gain_of("relu").gain
        2.0
    """
    return gain_of_known(identify(activation, **arguments))


def gain_of_known(known: Known) -> Gain:
    """Return the gain of an activation that is identified."""
    reason = REFUSED.get(known.name or "")
    if reason is not None:
        raise ValueError(
            f"{known.name} has no gain of its own: {reason}. "
            f"Received: activation={known.label!r}"
        )
    found = _MOMENTS.get(known.name or "", _elementwise)(known)
    if not 0 < found.second < np.inf:
        raise ValueError(
            f"{known.label} has no gain: its second moment under a unit normal input "
            f"must be positive and finite. Received: {found.second}"
        )
    return Gain(
        activation=known.label,
        mean=_cleaned(found.mean),
        second_moment=_cleaned(found.second),
        gain=_cleaned(1 / found.second),
        sensitivity=_cleaned((found.weighted / found.second - 1) / 2),
        kurtosis=_cleaned(found.fourth / found.second**2),
    )


def _cleaned(value: float) -> float:
    """Return a number without the digits that rounding left behind."""
    return float(f"{value:.12g}") if abs(value) > 1e-13 else 0.0


def _elementwise(known: Known) -> Moments:
    function = pointwise(known)
    _check_elementwise(known, function)
    return moments(function)


def _check_elementwise(known: Known, function: Callable[[Any], Any]) -> None:
    """Refuse what is not in the catalogue and mixes elements, or resizes them."""
    if known.layer is not None:
        return
    points = np.linspace(-3, 3, 64)
    both = np.concatenate([points, points[::-1] + 0.5])
    try:
        alone, beside = np.asarray(function(points)), np.asarray(function(both))
    except Exception as error:  # whatever a user's own function raises
        raise ValueError(
            f"{known.label} can't be applied to an array of shape (64, 1): {error}. "
            f"Received: activation={known.function!r}"
        ) from error
    fits = alone.shape[:1] == points.shape and beside.shape[:1] == both.shape
    if not fits or not np.allclose(alone, beside[:64], rtol=1e-5, atol=1e-6):
        raise ValueError(
            f"{known.label} has no gain of its own: it is not elementwise. "
            f"Received: activation={known.function!r}"
        )


def _rrelu(known: Known) -> Moments:
    """RReLU in training: the slope is uniform between its bounds."""
    low, high = known.layer.lower, known.layer.upper  # type: ignore[union-attr]
    n = np.arange(1, 6)
    powers = (high**n - low**n) / (n * (high - low)) if high > low else high ** (n - 1)
    mean, square, fourth = float(powers[1]), float(powers[2]), float(powers[4])
    second = (1 + square) / 2
    return Moments(
        (1 - mean) / (2 * np.pi) ** 0.5, second, 1.5 * (1 + fourth), 3 * second
    )


def _crelu(_: Known) -> Moments:
    """CReLU: each of its two halves is a ReLU."""
    return _elementwise(identify("ReLU"))


def _maxout(known: Known) -> Moments:
    return maximum_moments(int(known.layer.pieces))  # type: ignore[union-attr]


def _gated(known: Known) -> Moments:
    """A gated activation, the product of a function of each half of its input."""
    layer: Any = known.layer
    beside = 0.5  # a point at which neither half gives 0

    def function(x: Any) -> Any:
        if isinstance(layer, layers.GatedDense):
            return gated(x, -1, layer.gate)
        return type(layer).function(x, **{**layer.arguments, "axis": -1})

    def first(z: Array) -> Any:
        return computed(function, np.stack([z, np.full_like(z, beside)], -1))

    def second(z: Array) -> Any:
        return computed(function, np.stack([np.full_like(z, beside), z], -1))

    at = float(first(np.array([beside])).item())
    one, other = moments(first), moments(second)
    square = one.second * other.second / at**2
    growth = one.weighted / one.second + other.weighted / other.second - 1
    return Moments(
        mean=one.mean * other.mean / at,
        second=square,
        fourth=one.fourth * other.fourth / at**4,
        weighted=square * growth,
    )


_MOMENTS: Mapping[str, Callable[[Known], Moments]] = {
    "RReLU": _rrelu,
    "CReLU": _crelu,
    "Maxout": _maxout,
    **dict.fromkeys(
        ("GLU", "ReGLU", "GEGLU", "SwiGLU", "ClippedSwiGLU", "GatedDense"), _gated
    ),
}
"""How the moments of what isn't a fixed function of one element are computed."""

_PROBABILITIES = "its results are shares of one whole along an axis"
_OTHERS = "its curve depends on other elements"

REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("Softmax", "Softmin", "SoftmaxOne", "Sparsemax", "Entmax15", "Entmax"),
            *("LogSoftmax", "GumbelSoftmax"),
        ),
        _PROBABILITIES,
    ),
    **dict.fromkeys(("APReLU", "DYReLU", "FReLU", "MetaACON"), _OTHERS),
    "PolyNorm": "it normalizes its input itself",
    "ChannelMaxout": "it depends on the number of channels of a group; take that of "
    "'maxout' with pieces",
}
"""Activations without a gain, and why."""
