"""Makes a diagnosis of what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.diagnosis.report.results import (
    ActivationStatistics,
    Diagnosis,
    LayerGradients,
    Units,
)
from keras_acts.diagnosis.report.verdict import findings
from keras_acts.diagnosis.scout import Called, Scouting
from keras_acts.diagnosis.steps.base import NOT_CONNECTED
from keras_acts.diagnosis.totals import Totals, UnitTotals
from keras_acts.diagnosis.update import norms
from keras_acts.diagnosis.watching.reductions import Probe
from keras_acts.diagnosis.watching.sites import LAYERS, PADDED, Sites

Array = np.ndarray[Any, np.dtype[Any]]


def summarized(
    sites: Sites,
    scouting: Scouting,
    probes: Mapping[tuple[str, int], Probe],
    totals: Totals,
    model: Any,
    update: Array | None,
    below: float,
) -> Diagnosis:
    """Return the diagnosis of a model.

    Args:
        sites: Its activations and its layers with weights.
        scouting: How they were called.
        probes: What was asked of each call.
        totals: What was measured.
        model: The model.
        update: The norm of the next change of each trainable variable.
        below: The share of the largest slope below which a function is saturated.
    """
    rows = scouting.rows()
    first = {row: call for call, row in reversed(rows.items())}
    activations = tuple(
        _activation(name, scouting.calls[first[name]], probes[first[name]], units)
        for name, units in totals.units.items()
        if units.count.any()
    )
    padding = {name: PADDED for name, x in totals.units.items() if not x.count.any()}
    layers = tuple(_layers(sites, scouting, totals, model, update))
    learned = {name for name, x in sites.weighted.items() if isinstance(x, LAYERS)}
    return Diagnosis(
        backend=keras.backend.backend(),
        samples=totals.samples,
        batches=totals.batches,
        loss=float(np.mean(totals.losses)) if totals.losses else None,
        saturated_below=below,
        activations=activations,
        layers=layers,
        findings=findings(activations, layers, totals.samples, learned),
        uncovered={**scouting.uncovered, **padding},
    )


def _activation(
    name: str, called: Called, probe: Probe, units: UnitTotals
) -> ActivationStatistics:
    whole = units.pooled()
    slope = probe.slope
    shares = dict(units.shares)
    if slope is not None and slope.zero_where_low and slope.low is not None:
        shares["low"] = shares["zeros"]
    low, high = shares.get("low"), shares.get("high")
    dead = _dead(called, probe, units, low, high)
    return ActivationStatistics(
        name=name,
        kind=called.site.kind,
        units=len(units.count),
        dead=None if dead is None else float(dead.mean()),
        saturated_low=_mean(low, units.count),
        saturated_high=_mean(high, units.count),
        sparsity=float(whole.shares["zeros"][0]),
        mean=float(whole.mean[0]),
        deviation=float(whole.deviation[0]),
        is_output=called.is_output,
        by_unit=Units(
            sparsity=_floats(shares["zeros"]),
            saturated_low=None if low is None else _floats(low),
            saturated_high=None if high is None else _floats(high),
            mean=_floats(units.mean),
            deviation=_floats(units.deviation),
            dead=None if dead is None else tuple(map(bool, dead)),
        ),
        in_cell=called.site.in_cell,
    )


def _dead(
    called: Called,
    probe: Probe,
    units: UnitTotals,
    low: Array | None,
    high: Array | None,
) -> Array | None:
    """Return which units gave 0 and passed no gradient, for any sample.

    Where the slope at 0 isn't 0, an output of 0 is one of an input of 0, which passes a
    gradient, or of one so far out that the result has underflown.
    """
    silent: Array = units.shares["zeros"] == 1.0
    if probe.slope is None:
        # Of several inputs, as a gated unit; softmax's outputs are no units.
        resized = called.shape[1:] != called.input_shape
        return silent if resized or not called.site.has_function else None
    if probe.slope.flat_at_zero:
        return silent
    flat = sum(side for side in (low, high) if side is not None)
    dead: Array = silent & (np.asarray(flat) == 1.0)
    return dead


def _mean(share: Array | None, count: Array) -> float | None:
    return None if share is None else float(np.average(share, weights=count))


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(float(f"{x:.6g}") for x in values)


def _layers(
    sites: Sites, scouting: Scouting, totals: Totals, model: Any, update: Array | None
) -> Iterator[LayerGradients]:
    """Yield the layers with weights, in the order in which they were called."""
    if not totals.norms:
        return
    variables = model.trainable_variables
    index = {id(one): i for i, one in enumerate(variables)}
    sizes = norms(variables)
    gradients = np.asarray(totals.norms, np.float64)  # (batches, variables)
    taken: set[int] = set()
    for name in sorted(sites.weighted, key=scouting.place):
        layer = sites.weighted[name]
        own = [index[id(x)] for x in layer.trainable_variables if id(x) in index]
        own = [i for i in own if i not in taken]
        taken.update(own)
        if not own:
            continue
        connected = [i for i in own if gradients[0, i] != NOT_CONNECTED]
        yield LayerGradients(
            name=name,
            kind=type(layer).__name__,
            parameters=sum(int(np.prod(variables[i].shape)) for i in own),
            weight=_norm(sizes, own),
            gradient=_norm(gradients, connected) if connected else None,
            update=None if update is None else _norm(update, own),
        )


def _norm(parts: Array, which: list[int]) -> float:
    """Return the norm of some variables together, the mean over the batches."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt((parts[..., which] ** 2).sum(axis=-1)).mean())
