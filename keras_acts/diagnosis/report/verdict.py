"""What the statistics say of a network: each disease with the threshold of its own.

`tests/diagnosis/test_networks.py` holds the networks on which each threshold was found
and is tested.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from keras_acts.advice.remedies import REMEDIES
from keras_acts.diagnosis.report.results import (
    ActivationStatistics,
    Finding,
    LayerGradients,
)

FEWEST_SAMPLES = 32
"""Below this, a unit may give 0 for all samples by chance."""

DEAD = 0.4
"""The share of dead units in a layer."""

SATURATED = 0.5
"""The share of inputs where a function is flat that is so on both sides."""

SILENT = 0.97
"""The same of a function that is flat on one side, as ReLU is for every other input."""

VANISHED = 2e-3
"""A layer's gradient as a share of that of a layer behind it."""

EXPLODED = 1e3
"""The same where it is larger."""

STEEP = 1e2
"""A layer's gradient as a multiple of its weights."""

OVERSHOOT = 0.5
"""The next update of a layer as a share of its weights."""

GROWN, SHRUNK = 1e3, 1e-3
"""The size of an activation's outputs as a multiple of the smallest or largest one
before it."""


def findings(
    activations: Sequence[ActivationStatistics],
    layers: Sequence[LayerGradients],
    samples: int,
    learned: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Return what is wrong with a network, the causes first.

    Args:
        activations: What its activations did, in order.
        layers: The gradients of its layers, in order.
        samples: How many samples were looked at.
        learned: The layers that are activations and learn, such as PReLU. How large
            their gradient is depends on how often their parameters are used.
    """
    found = [
        *_not_finite(activations, layers),
        *(_dead(activations) if samples >= FEWEST_SAMPLES else ()),
        *_saturated(activations),
        *_signal(activations),
        *_gradients(layers, learned),
        *_updates(layers),
    ]
    return tuple(found)


def _finding(
    kind: str, remedy: str, where: Sequence[str], message: str
) -> Iterator[Finding]:
    if where:
        row = REMEDIES[remedy]
        sources = tuple(map(str, row.sources))
        yield Finding(kind, tuple(where), message, row.advice, sources)


def _share(value: float) -> str:
    return f"{100 * value:.0f}%"


def _not_finite(
    activations: Sequence[ActivationStatistics], layers: Sequence[LayerGradients]
) -> Iterator[Finding]:
    where = [x.name for x in activations if not math.isfinite(x.scale)]
    where += [
        x.name
        for x in layers
        if x.gradient is not None and not math.isfinite(x.gradient)
    ]
    message = "Outputs or gradients are NaN or infinite, from the first one named on."
    once = list(dict.fromkeys(where))
    yield from _finding("not finite", "exploding", once, message)


def _dead(activations: Sequence[ActivationStatistics]) -> Iterator[Finding]:
    bad = [x for x in activations if x.dead is not None and x.dead >= DEAD]
    if bad:
        worst = max(bad, key=lambda x: x.dead or 0.0)
        message = (
            f"{_share(worst.dead or 0.0)} of the {worst.units} units of "
            f"'{worst.name}' gave 0 and passed no gradient for any sample."
        )
        yield from _finding("dead units", "dead_units", [x.name for x in bad], message)


def _saturated(activations: Sequence[ActivationStatistics]) -> Iterator[Finding]:
    """Yield hidden activations that are flat, not dead; a sure output may be flat."""
    bad = []
    for one in activations:
        share = one.saturated
        if one.is_output or share is None or (one.dead or 0.0) >= DEAD:
            continue
        both = one.saturated_low is not None and one.saturated_high is not None
        if share >= (SATURATED if both else SILENT):
            bad.append(one)
    if bad:
        worst = max(bad, key=lambda x: x.saturated or 0.0)
        message = (
            f"{_share(worst.saturated or 0.0)} of the inputs of '{worst.name}' "
            f"({worst.kind}) lie where it is flat."
        )
        yield from _finding("saturation", "saturation", [x.name for x in bad], message)


def _signal(activations: Sequence[ActivationStatistics]) -> Iterator[Finding]:
    """Yield where outputs grow or shrink by orders of magnitude through the layers.

    Gates of recurrent cells are about 0.5 however small the signal is that they let in.
    """
    inner = [
        x
        for x in activations
        if not x.is_output
        and not x.in_cell
        and math.isfinite(x.scale)
        and x.dead != 1.0
    ]
    smallest, largest = math.inf, 0.0
    grown, shrunk = [], []
    for one in inner:
        scale = one.scale
        if scale > GROWN * smallest:
            grown.append((one.name, scale / smallest))
        if scale < SHRUNK * largest:
            shrunk.append((one.name, scale / largest))
        if scale > 0:
            smallest = min(smallest, scale)
        largest = max(largest, scale)
    for kind, bad, what in (
        ("exploding signal", grown, "as large as those of a layer before it"),
        ("vanishing signal", shrunk, "as large as those of a layer before it"),
    ):
        if bad:
            name, ratio = bad[-1]
            message = f"The outputs of '{name}' are {ratio:.1e} times {what}."
            names = [x for x, _ in bad]
            yield from _finding(kind, "not_normalized", names, message)


def _gradients(
    layers: Sequence[LayerGradients], learned: Collection[str]
) -> Iterator[Finding]:
    """Yield layers whose gradient is out of proportion to those behind them.

    Weights that begin as zeros, as the last scale of a residual branch may, let no
    gradient through at first.
    """
    known = [
        x
        for x in layers
        if x.gradient is not None and math.isfinite(x.gradient) and x.weight > 0
    ]
    vanished, exploded = [], []
    for i, one in enumerate(known):
        behind = [x.gradient or 0.0 for x in known[i + 1 :]]
        gradient = one.gradient or 0.0
        gated = gradient == 0 and any(x.weight == 0 for x in layers)
        used_less = gated or one.name in learned
        if behind and not used_less and gradient < VANISHED * max(behind):
            vanished.append((one.name, gradient / max(behind)))
        if (behind and gradient > EXPLODED * max(behind)) or (
            gradient > STEEP * one.weight
        ):
            exploded.append((one.name, gradient / one.weight))
    if vanished:
        name, ratio = min(vanished, key=lambda x: x[1])
        message = (
            f"The gradient of '{name}' is {ratio:.1e} times that of a layer behind it."
            if ratio
            else f"No gradient reaches '{name}'."
        )
        names = [x for x, _ in vanished]
        yield from _finding("vanishing gradient", "vanishing", names, message)
    if exploded:
        name, ratio = max(exploded, key=lambda x: x[1])
        message = f"The gradient of '{name}' is {ratio:.1e} times its weights."
        names = [x for x, _ in exploded]
        yield from _finding("exploding gradient", "exploding", names, message)


def _updates(layers: Sequence[LayerGradients]) -> Iterator[Finding]:
    bad = [
        (x.name, x.relative_update)
        for x in layers
        if x.relative_update is not None
        and math.isfinite(x.relative_update)
        and x.relative_update > OVERSHOOT
    ]
    if bad:
        name, ratio = max(bad, key=lambda x: x[1])
        message = f"A step changes the weights of '{name}' by {_share(ratio)}."
        names = [x for x, _ in bad]
        yield from _finding("overshooting", "exploding", names, message)
