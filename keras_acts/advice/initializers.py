"""The initializer that belongs to an activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import initializers

from keras_acts.advice.choices import chosen
from keras_acts.advice.gains import gain_of_known
from keras_acts.advice.identity import Known, identify
from keras_acts.advice.moments.pointwise import learned_values
from keras_acts.advice.sources import SOURCES, Source

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


@dataclass(frozen=True)
class Rule:
    """How the scale of the weights follows from the activation.

    Attributes:
        name: `"he"`, `"lecun"`, `"glorot"`, `"siren"` or `"moment"`.
        scale: Returns `scale` of `keras.initializers.VarianceScaling`.
        mode: The number of units by which it is divided, unless another is asked for.
        distribution: The distribution of the weights, unless another is asked for.
        reason: Why.
        source: Who found it.
    """

    name: str
    scale: Callable[[Known], float]
    mode: str
    distribution: str
    reason: str
    source: Source | None


def _one(_: Known) -> float:
    return 1.0


def _moment(known: Known) -> float:
    return gain_of_known(known).gain


def _he(known: Known) -> float:
    """Return 2 / (1 + a²), exactly where a is the slope below 0."""
    slope: Any = getattr(known.layer, "negative_slope", None)
    if known.name == "PReLU":
        slope = learned_values(known)["alpha"]
    if slope is None:
        return _moment(known)
    return 2.0 / (1.0 + float(np.mean(np.square(slope))))


def _siren(known: Known) -> float:
    return 2.0 / float(known.layer.frequency) ** 2  # type: ignore[union-attr]


_ROWS = (
    Rule(
        "he",
        _he,
        "fan_in",
        "truncated_normal",
        "A slope of 1 above 0 and a below leaves (1 + a²) / 2 of the second moment, so "
        "that the variance of the weights is 2 / (1 + a²) / fan_in.",
        SOURCES["he2015"],
    ),
    Rule(
        "lecun",
        _one,
        "fan_in",
        "truncated_normal",
        "SELU has its fixed point, mean 0 and variance 1, with weights of the variance "
        "1 / fan_in.",
        SOURCES["klambauer2017"],
    ),
    Rule(
        "glorot",
        _one,
        "fan_avg",
        "uniform",
        "About its centre the activation is nearly linear, so that the variance of the "
        "weights is a compromise of both directions: 2 / (fan_in + fan_out).",
        SOURCES["glorot2010"],
    ),
    Rule(
        "siren",
        _siren,
        "fan_in",
        "uniform",
        "Weights between ±√(6 / fan_in) / frequency keep the argument of the sine "
        "standard normal. The first layer takes ±1 / fan_in.",
        SOURCES["sitzmann2020"],
    ),
    Rule(
        "moment",
        _moment,
        "fan_in",
        "truncated_normal",
        "Weights of the variance 1 / E[f(z)²] / fan_in give the next layer the second "
        "moment 1 again: He's argument for any activation.",
        SOURCES["he2015"],
    ),
)

RULES: Mapping[str, Rule] = {row.name: row for row in _ROWS}
"""Each rule by its name."""

_RECTIFIERS = ("ReLU", "LeakyReLU", "PReLU", "RReLU", "CReLU")
_GLOROT = (
    *("Linear", "Sigmoid", "Tanh", "Softsign", "Softmax", "Softmin", "SoftmaxOne"),
    *("LogSoftmax", "Sparsemax", "Entmax15", "Entmax", "GumbelSoftmax"),
)

OF_ACTIVATION: Mapping[str, str] = {
    **dict.fromkeys(_RECTIFIERS, "he"),
    "SELU": "lecun",
    "Sine": "siren",
    **dict.fromkeys(_GLOROT, "glorot"),
}
"""The rule of each activation that the literature has one for; all others take that of
the second moment."""

_NAMED: Mapping[tuple[float, str, str], Any] = {
    (2.0, "fan_in", "truncated_normal"): initializers.HeNormal,
    (2.0, "fan_in", "uniform"): initializers.HeUniform,
    (1.0, "fan_in", "truncated_normal"): initializers.LecunNormal,
    (1.0, "fan_in", "uniform"): initializers.LecunUniform,
    (1.0, "fan_avg", "truncated_normal"): initializers.GlorotNormal,
    (1.0, "fan_avg", "uniform"): initializers.GlorotUniform,
}
"""Keras's classes for these scales."""


def rule_of(known: Known) -> Rule:
    """Return the rule for an activation."""
    name = OF_ACTIVATION.get(known.name or "", "moment")
    layer: Any = known.layer
    clipped = known.name == "ReLU" and (
        layer.max_value is not None or layer.threshold != 0
    )
    return RULES["moment" if clipped else name]


def initializer_for(
    activation: Any,
    *,
    rule: str | None = None,
    mode: str | None = None,
    distribution: str | None = None,
    seed: Any = None,
    **arguments: Any,
) -> initializers.VarianceScaling:
    """Return the kernel initializer that belongs to an activation.

    Rules, unless `rule` names one:

    - `"he"`: 2 / (1 + a²) / fan_in for ReLU, LeakyReLU, PReLU, RReLU and CReLU, a being
      the slope below 0 (He et al., 2015);
    - `"lecun"`: 1 / fan_in, normal, for SELU (Klambauer et al., 2017);
    - `"glorot"`: 2 / (fan_in + fan_out), uniform, for Tanh, Sigmoid, Softsign, Linear
      and the softmax family (Glorot and Bengio, 2010);
    - `"siren"`: 2 / frequency² / fan_in, uniform, for Sine (Sitzmann et al., 2020);
    - `"moment"`: 1 / E[f(z)²] / fan_in with a unit normal z, for all others, which
      keeps the second moment from layer to layer. Gated activations take two
      independent z, Maxout as many as it has pieces.

    Args:
        activation: A name of the catalogue (`"leaky_relu"` has the slope 0.01, as
            `layers.LeakyReLU`) or of Keras, a function, a layer or its class. A layer
            that is trained counts with what it has learned, averaged over channels.
        rule: One of the rules above in place of the activation's own.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`. None (default) is the rule's.
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`. None
            (default) is the rule's.
        seed: An integer or a `keras.random.SeedGenerator`. None (default) draws anew.
        **arguments: Arguments of the activation, such as `alpha=0.5` for ELU, or
            initial values of learned ones. `slope` is that below 0 of PReLU, LeakyReLU
            and ReLU.

    Returns:
        A `keras.initializers.VarianceScaling`, as Keras's own class where it has one:
        `HeNormal` for ReLU.

    Raises:
        ValueError: A name or an argument is unknown, or the activation has no such
            gain, since it is not elementwise; the message says what to do.
        TypeError: `activation` is nothing that names one.

    Example:
        >>> initializer = keras_acts.initializer_for("prelu", slope=0.25)
        >>> round(initializer.scale, 6)  # 2 / (1 + 0.25²)
        1.882353
    """
    known = identify(activation, **arguments)
    taken = rule_of(known) if rule is None else RULES[chosen("rule", rule, RULES)]
    if taken.name == "siren" and known.name != "Sine":
        raise ValueError(
            "`rule` must be another for activations other than Sine. "
            f"Received: rule={rule!r}, activation={known.label!r}"
        )
    mode = taken.mode if mode is None else chosen("mode", mode, MODES)
    if distribution is None:
        distribution = taken.distribution
    chosen("distribution", distribution, DISTRIBUTIONS)
    scale = taken.scale(known)
    named = _NAMED.get((scale, mode, distribution))
    if named is not None:
        return named(seed=seed)
    return initializers.VarianceScaling(
        scale=scale, mode=mode, distribution=distribution, seed=seed
    )
