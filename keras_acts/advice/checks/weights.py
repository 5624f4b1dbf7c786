"""Checks of what belongs to an activation: initializers, dropout, regularizers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras

from keras_acts.advice.checks.findings import WARNING
from keras_acts.advice.checks.kinds import (
    ACTIVATION,
    DROPOUT,
    KERNEL,
    NORM,
    PASSING,
    POOL,
    RECTIFIERS,
)
from keras_acts.advice.checks.network import Network, Part, before, behind
from keras_acts.advice.checks.problem import Problem
from keras_acts.advice.gains import gain_of_known

_SOFT = (PASSING, DROPOUT, POOL)

FEW, MANY = 6, 20
"""From how many layers in a row a mismatch is worth a hint, and a warning."""
_FACTOR = 1.4
"""By how much a layer may change the second moment."""


def selu_initializers(network: Network) -> Iterator[Problem]:
    """Find kernels before SELU that aren't LeCun's."""
    for part in network.of_kind(ACTIVATION):
        kernel = before(part, (*_SOFT, NORM))
        if part.name != "SELU" or kernel is None or kernel.kind != KERNEL:
            continue
        initializer = initializer_of(kernel.layer)
        if initializer is not None and not _is_lecun(initializer):
            yield Problem(
                "selu_initializer",
                kernel.path,
                f"The kernel before SELU has {type(initializer).__name__}.",
            )


def initializer_of(layer: Any) -> Any:
    """Return the initializer of a layer's kernel; None where it has none."""
    names = ("depthwise_initializer", "pointwise_initializer", "kernel_initializer")
    found = [getattr(layer, name, None) for name in names]
    return next((one for one in found if one is not None), None)


def _is_lecun(initializer: Any) -> bool:
    return (
        isinstance(initializer, keras.initializers.VarianceScaling)
        and math.isclose(initializer.scale, 1.0)
        and initializer.mode == "fan_in"
    )


def selu_dropout(network: Network) -> Iterator[Problem]:
    """Find dropout beside SELU that isn't AlphaDropout."""
    for part in network.of_kind(DROPOUT):
        if isinstance(part.layer, keras.layers.AlphaDropout):
            continue
        beside = [before(part), *behind(part, (PASSING,))]
        if not getattr(part.layer, "rate", 1):
            continue
        if any(one is not None and one.name == "SELU" for one in beside):
            yield Problem(
                "selu_dropout",
                part.path,
                f"{type(part.layer).__name__} stands beside SELU.",
            )


def selu_normalization(network: Network) -> Iterator[Problem]:
    """Find normalization layers right before or behind SELU."""
    for part in network.of_kind(NORM):
        beside = [before(part), *behind(part)]
        if any(one is not None and one.name == "SELU" for one in beside):
            yield Problem(
                "selu_normalization",
                part.path,
                f"{type(part.layer).__name__} stands beside SELU.",
            )


def rectifier_initializers(network: Network) -> Iterator[Problem]:
    """Find deep stacks of rectifiers whose signal shrinks or grows at each layer."""
    rows: dict[int, list[tuple[Part, float]]] = {}
    gains: dict[str, float] = {}
    for part in network.of_kind(ACTIVATION):
        kernel = before(part, _SOFT)
        if part.name not in RECTIFIERS or kernel is None or kernel.kind != KERNEL:
            continue
        variance = _scaled_variance(kernel.layer)
        last = before(kernel, _SOFT)
        row = rows.get(id(last), [])
        if variance is not None:
            key = f"{part.name}{part.activation.layer.arguments}"  # type: ignore[union-attr]
            if key not in gains:
                gains[key] = gain_of_known(part.activation).gain  # type: ignore[arg-type]
            row = [*row, (part, variance / gains[key])]
        rows[id(part)] = row
    row = max(rows.values(), key=len, default=[])
    wrong = [(part, ratio) for part, ratio in row if not 1 / _FACTOR < ratio < _FACTOR]
    if len(wrong) >= FEW:
        product = math.prod(ratio for _, ratio in wrong)
        first, last_one = wrong[0][0], wrong[-1][0]
        yield Problem(
            "rectifier_initializer",
            first.path,
            f"The weights of {len(wrong)} layers up to {last_one.path} start with a "
            f"variance that multiplies the second moment by {product:.1e}.",
            WARNING if len(wrong) >= MANY else None,
        )


_PLAIN = (
    *(keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D),
    keras.layers.Conv3D,
)


def _scaled_variance(layer: Any) -> float | None:
    """Return the initial variance of a kernel's weights times its fan_in, if known."""
    shape = getattr(getattr(layer, "kernel", None), "shape", None)
    if not isinstance(layer, _PLAIN) or shape is None:
        return None
    field = math.prod(int(n) for n in shape[:-2])
    fan_in, fan_out = field * int(shape[-2]), field * int(shape[-1])
    initializer = initializer_of(layer)
    if isinstance(initializer, keras.initializers.VarianceScaling):
        fans = {"fan_in": fan_in, "fan_out": fan_out}
        fan = fans.get(initializer.mode, (fan_in + fan_out) / 2)
        return float(initializer.scale * fan_in / fan)
    if isinstance(initializer, keras.initializers.RandomNormal):
        return float(initializer.stddev**2 * fan_in)
    return None


def prelu_regularizers(network: Network) -> Iterator[Problem]:
    """Find slopes of PReLU that are pulled to 0."""
    for part in network.of_kind(ACTIVATION):
        if part.name != "PReLU":
            continue
        inner = getattr(part.layer, "activation", None)
        known = part.activation.layer if part.activation else None
        regularizers = [
            getattr(one, "alpha_regularizer", None)
            for one in (part.layer, inner, known)
        ]
        found = next((one for one in regularizers if one is not None), None)
        if found is not None:
            yield Problem(
                "prelu_regularizer",
                part.path,
                f"The slope has the regularizer {type(found).__name__}.",
            )
