"""Curves as data: f and f′ at points of a range, with what marks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts._plot_arguments import check_range, check_vary
from keras_acts.plotting import networks, vectors
from keras_acts.plotting.bundles import Bundle, family, varied
from keras_acts.plotting.features import (
    Asymptote,
    Features,
    Kink,
    broadcast,
    features,
    margin,
)
from keras_acts.plotting.numbers import Array, values_and_derivatives
from keras_acts.plotting.subjects import Subject, distinct, subject

POINTS = 601
"""Points of a curve, besides those beside its kinks."""

Vary = str | Mapping[str, Sequence[float]]
Varied = Mapping[str, Sequence[float] | None]
"""The values of each parameter to vary; None for those around the initial one."""
Ends = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """One curve: a function, an output, a channel, or a value of a parameter.

    Attributes:
        name: The activation, `"PReLU"`.
        label: What tells the curve from the others beside it.
        x: Points in order, float64 of shape `(n,)`; none of them is a kink.
        y: f at them.
        slope: f′ at them.
        kinks: The kinks of f, from left to right, inside and outside of the range.
        left: The asymptote towards -inf, or None.
        right: The asymptote towards +inf, or None.
        is_part: Whether it is a piece of another curve, as those of a maximum are.
        is_main: Whether it is that of the initial value of a parameter.
        is_differentiated: Whether the backend's automatic differentiation gave f′; else
            it is a central difference.
        band: The lowest and highest f that training draws, `(2, n)`; None without.
        slope_band: The same of f′.
    """

    name: str
    label: str
    x: Array
    y: Array
    slope: Array
    kinks: tuple[Kink, ...]
    left: Asymptote | None
    right: Asymptote | None
    is_part: bool = False
    is_main: bool = False
    is_differentiated: bool = True
    band: Array | None = None
    slope_band: Array | None = None


@dataclass(frozen=True)
class Group:
    """Curves that stand in one panel, of one bundle."""

    bundle: Bundle
    features: Features
    curves: tuple[Curve, ...] = ()


def curves(
    *activations: Any,
    vary: Vary | None = None,
    range: Ends | None = None,
) -> tuple[Curve, ...]:
    """Return the curves that `plot` draws, as NumPy arrays, without matplotlib.

    Args:
        *activations: Names, layers and functions, as `plot` takes them.
        vary: A parameter to vary, or its values by name.
        range: The two ends of x; None for the part where the functions bend.

    Returns:
        The curves: of shape `(n,)` each, in float64, in the order of the activations.

    Raises:
        TypeError: An activation is no name, layer or function.
        ValueError: A name, an argument or the range is wrong.

    Example:
        >>> (elu,) = keras_acts.plotting.curves("elu:alpha=0.5")
        >>> print(elu.left.limit, [kink.x for kink in elu.kinks])
        -0.5 [0.0]
    """
    found = groups(activations, vary=vary, range=range)
    return tuple(curve for group in found for curve in group.curves)


def groups(
    activations: Sequence[Any],
    *,
    vary: Vary | None,
    range: Ends | None,
    families: bool = True,
) -> list[Group]:
    """Return the curves of each activation, or of each parameter of a single one.

    With `families` False, a single one with learned parameters is drawn at their
    initial values.

    Raises:
        ValueError: Nothing is given, or something wrong.
    """
    if not activations:
        raise ValueError(
            "plot needs an activation: a name, a layer or a function. Received: none"
        )
    ends = None if range is None else check_range(range)
    varied = check_vary(vary)
    subjects = [subject(one) for one in distinct(activations)]
    alone = families and len(subjects) == 1
    made = [bundle for one in subjects for bundle in _bundles(one, varied, alone)]
    looked = [
        Group(one, features(one.function, len(one.labels), one.precision, one.main))
        for one in made
    ]
    if ends is None:
        low = min(group.features.low for group in looked)
        high = max(group.features.high for group in looked)
        ends = low, high
    return [_sampled(group, ends) for group in looked]


def _bundles(one: Subject, vary: Varied | None, alone: bool) -> list[Bundle]:
    if vary is not None:
        return [family(one, name, numbers) for name, numbers in vary.items()]
    network = networks.bundle(one, built=one.was_built)
    if network is not None:
        return [network]
    names = varied(one) if alone and one.fresh else ()
    if names:
        return [family(one, name, None) for name in names]
    return [vectors.bundle(one)]


def _sampled(group: Group, ends: Ends) -> Group:
    bundle, found = group.bundle, group.features
    count = len(bundle.labels)
    x = _points(ends, group)
    y, slopes = values_and_derivatives(
        bundle.function, broadcast(x, count), bundle.precision
    )
    band, slope_band = _band(bundle, x)
    sampled = tuple(
        Curve(
            name=bundle.name,
            label=label,
            x=x,
            y=y[:, i],
            slope=slopes[:, i],
            kinks=found.kinks[i],
            left=found.left[i],
            right=found.right[i],
            is_part=i in bundle.parts,
            is_main=i == bundle.main,
            is_differentiated=bundle.precision.automatic,
            band=band,
            slope_band=slope_band,
        )
        for i, label in enumerate(bundle.labels)
    )
    return Group(bundle, found, sampled)


def _band(bundle: Bundle, x: Array) -> tuple[Array, Array] | tuple[None, None]:
    """Return between what f and f′ lie in training, where that is random."""
    if not bundle.band:
        return None, None
    ends = [
        values_and_derivatives(one, broadcast(x, 1), bundle.precision)
        for one in bundle.band
    ]
    y, slopes = (
        np.stack([one[:, 0] for one in part]) for part in zip(*ends, strict=True)
    )
    return _between(y), _between(slopes)


def _between(ends: Array) -> Array:
    found: Array = np.stack([ends.min(axis=0), ends.max(axis=0)])
    return found


def _points(ends: Ends, group: Group) -> Array:
    """Return the points: evenly spaced, and on both sides of each kink."""
    low, high = ends
    x = np.linspace(low, high, POINTS)
    found = group.features.kinks
    kinks = np.array(sorted({k.x for own in found for k in own if low <= k.x <= high}))
    if not len(kinks):
        return x
    beside = margin(kinks, group.bundle.precision)
    near = np.abs(x[:, None] - kinks) < beside
    sides = np.concatenate([kinks - beside, kinks + beside])
    kept = sides[(low <= sides) & (sides <= high)]
    return np.union1d(x[~near.any(axis=1)], kept)
