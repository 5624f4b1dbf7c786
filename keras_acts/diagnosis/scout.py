"""One call of a model before it is measured: what is called, on which shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_acts.diagnosis.steps.base import Step
from keras_acts.diagnosis.watching.loops import Cells, Run
from keras_acts.diagnosis.watching.masks import Masks, first_tensor
from keras_acts.diagnosis.watching.recorder import Call, is_real
from keras_acts.diagnosis.watching.reductions import Probe
from keras_acts.diagnosis.watching.sites import IN_LOOP, NOT_REACHED, Site, Sites
from keras_acts.diagnosis.watching.slopes import Slope, slope_of
from keras_acts.diagnosis.watching.taps import tapped, wrapped

APART = 4
"""Up to how many calls of one activation within one of the model have a row each."""


@dataclass(frozen=True)
class Called:
    """A call of an activation.

    Attributes:
        site: What was called.
        input_shape: The shape of its first input, without the batch.
        shape: The shape of its output, with the batch.
        is_output: Whether the model returned it.
        run: Which run of a recurrent layer's loop makes the call, if one does.
    """

    site: Site
    input_shape: tuple[int, ...]
    shape: tuple[int, ...]
    is_output: bool
    run: Run | None = None

    @property
    def axis(self) -> int | None:
        """The axis of the units: the last, or 1 where channels come first."""
        rank = len(self.shape)
        if rank < 2:
            return None
        return 1 if self.site.channels_first and rank > 2 else rank - 1


@dataclass
class Scouting:
    """What one call of a model showed.

    Attributes:
        calls: The calls of activations, in order.
        order: The names of these and of layers with weights, as they ended.
        uncovered: Why other activations are not watched, by name.
        masked: Whether any layer was given a mask.
    """

    calls: dict[Call, Called] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    uncovered: dict[str, str] = field(default_factory=dict)
    masked: bool = False

    def place(self, name: str) -> int:
        """Return the place of a layer, or of the one around it, in the order."""
        while name:
            if name in self.order:
                return self.order.index(name)
            name = name.rpartition("/")[0]
        return len(self.order)

    def rows(self) -> dict[Call, str]:
        """Return the name of the row that each call is counted in."""
        times = Counter(name for name, _ in self.calls)
        found = {}
        for name, number in self.calls:
            apart = 1 < times[name] <= APART
            found[name, number] = f"{name} (call {number})" if apart else name
        return found

    def probes(self, step: Step, below: float) -> dict[Call, Probe]:
        """Return what to ask of each call."""
        known: dict[Any, Slope | None] = {}
        found = {}
        for call, one in self.calls.items():
            key = _identity(one)
            if key not in known:
                known[key] = _slope(step, one, below)
            units = 1 if one.axis is None else one.shape[one.axis]
            found[call] = Probe(one.axis, known[key], one.run, units)
        return found


def _identity(called: Called) -> Any:
    """Return what calls have in common that have one slope."""
    site, shape = called.site, called.input_shape
    if site.has_weights or site.attribute == "call":
        return id(site.owner), shape
    return id(site.function), shape


def _slope(step: Step, called: Called, below: float) -> Slope | None:
    site = called.site
    if not site.has_function:
        return None
    return slope_of(
        site.function,
        called.input_shape,
        step,
        has_weights=site.has_weights,
        below=below,
    )


def scout(step: Step, sites: Sites, x: Any) -> Scouting:
    """Call a model once, and see which activations it calls.

    Args:
        step: How the backend calls it.
        sites: The model's activations.
        x: Inputs.
    """
    found = Scouting(uncovered=dict(sites.uncovered))
    seen: dict[Call, tuple[Site, Any, Any]] = {}
    times: Counter[str] = Counter()
    cells, masks, by_name = Cells(), Masks(), {}
    layers = tuple(
        Site(name, "", layer, "call") for name, layer in sites.weighted.items()
    )

    def see(site: Site, args: Any, kwargs: Any, result: Any) -> None:
        times[site.name] += 1
        by_name[site.name] = site
        note(site)
        x, y = first_tensor(args[0] if args else kwargs), first_tensor(result)
        if x is None or not is_real(y) or not len(y.shape):
            return
        if site.in_cell:
            cells.see(site, x, y)
            return
        loops_seen()
        if not step.reachable(y):
            found.uncovered[site.name] = IN_LOOP
        else:
            seen[site.name, times[site.name]] = site, x, y

    def loops_seen() -> None:
        """Add the calls of loops that ended, which stand before those behind."""
        for call, pair in cells.seen.items():
            seen.setdefault(call, (by_name[call[0]], *pair))

    note = _noting(found.order)
    with (
        wrapped(sites.layers, masks.around),
        wrapped(sites.loops, cells.around),
        tapped(layers, note),
        tapped(sites.found, see),
    ):
        answer = step.scout(x)
    loops_seen()
    outputs = keras.tree.flatten(answer)
    for call, (site, x, y) in seen.items():
        is_output = any(y is one for one in outputs)
        found.calls[call] = Called(
            site, tuple(x.shape[1:]), tuple(y.shape), is_output, cells.loops.get(call)
        )
    found.masked = masks.found
    watched = {name for name, _ in seen}
    for site in sites.found:
        if not times[site.name]:
            found.uncovered[site.name] = NOT_REACHED
        elif site.in_cell and site.name not in watched:
            found.uncovered[site.name] = IN_LOOP
    return found


def _noting(order: list[str]) -> Callable[..., None]:
    def see(site: Site, *_: Any) -> None:
        if site.name not in order:
            order.append(site.name)

    return see
