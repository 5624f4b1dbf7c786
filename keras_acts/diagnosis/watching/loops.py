"""Statistics of what the cell of a recurrent layer does, step by step.

What a compiled loop computes can't be read from outside of it. So the loop carries the
statistics along as one more state of the cell, and hands them out with the others. With
a mask the state has a row a sample: Keras keeps the states of a masked step as they
were, and so padding is left out, on each backend by its own loop.

Torch's loops are Python's, in which each operation of a step costs more than its
numbers. There what the steps give is kept, and reduced at once behind the loop.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras

from keras_acts.diagnosis.watching.carried import Carried, Pair
from keras_acts.diagnosis.watching.masks import first_tensor
from keras_acts.diagnosis.watching.own_loops import has_own_loop, in_steps
from keras_acts.diagnosis.watching.reductions import Probe, Reductions
from keras_acts.diagnosis.watching.sites import Site

Tensor = Any
Call = tuple[str, int]
Run = tuple[str, int]
"""A recurrent layer, and the number of its call within one of the model."""
Steps = dict[Call, Pair]
"""Input and output of each call of one step, by site and number within the step."""
Asked = Mapping[Call, tuple[Probe, Mapping[str, Any]]]
"""What is asked of each call, and where its function is saturated."""


@dataclass
class Cells:
    """The calls that cells make of activations.

    Attributes:
        probes: What is asked of each call, by its number within the call of the model;
            None to see only which calls there are.
        ends: Where functions are saturated, by call.
        reductions: How what steps gave is reduced, if it is kept.
        calls: How often each site was called so far, in loops that ended.
        seen: The calls of one step of each loop, if there are no probes.
        carried: The statistics that loops handed out, by call.
        loops: Which run of which layer's loop made each call.
    """

    probes: Mapping[Call, Probe] | None = None
    ends: Mapping[Call, Mapping[str, Any]] = field(default_factory=dict)
    reductions: Reductions = field(default_factory=Reductions)
    calls: Counter[str] = field(default_factory=Counter)
    seen: Steps = field(default_factory=dict)
    carried: dict[Call, Tensor] = field(default_factory=dict)
    loops: dict[Call, Run] = field(default_factory=dict)
    _runs: Counter[str] = field(default_factory=Counter)
    _step: Steps | None = None
    _outside: list[tuple[str, Pair]] | None = None

    def see(self, site: Site, x: Tensor, y: Tensor) -> None:
        """Note a call of a step, or of a loop that calls no cell."""
        if self._step is None:
            if self._outside is not None:
                self._outside.append((site.name, (x, y)))
            return
        number = self.calls[site.name] + 1
        while (site.name, number) in self._step:
            number += 1
        self._step[site.name, number] = x, y

    def around(self, loop: Any, site: Site, /, *args: Any, **kwargs: Any) -> Any:
        """Run a recurrent layer's loop, with one more state or keeping its steps.

        Args:
            loop: The layer's `inner_loop`.
            site: The layer.
            args: Arguments of the loop.
            kwargs: Others.
        """
        self._runs[site.name] += 1
        run = site.name, self._runs[site.name]
        given = inspect.signature(loop).bind(*args, **kwargs)
        states = given.arguments["initial_state"]
        asked = self._asked(run)
        keeps = self.reductions.keeps_steps
        masked = first_tensor(given.arguments.get("mask")) is not None
        carried = None
        if asked and not keeps:
            carried = Carried(asked, by_sample=masked, fused=self.reductions.fused)
        latest: Steps = {}
        kept: list[Steps] = []

        def step(cell: Any, inputs: Any, states: Any, more: dict[str, Any]) -> Any:
            latest.clear()
            before = None
            if carried is not None:
                states, before = _taken_out(states)
            self._step = latest
            try:
                output, after = cell(inputs, states, **more)
            finally:
                self._step = None
            if asked and keeps:
                kept.append({call: latest[call] for call in asked if call in latest})
            if before is not None and carried is not None:
                after = _put_in(_listed(after), carried.after(before, latest))
            return output, after

        if carried is not None:
            batch = keras.ops.shape(first_tensor(given.arguments["sequences"]))[0]
            states = _put_in(_listed(states), carried.start(batch))
            alone = isinstance(site.owner, keras.layers.GRU)  # takes the first only
            given.arguments["initial_state"] = [states] if alone else states
        own = keeps and has_own_loop(site.owner, asked)
        self._outside = [] if own else None
        with _in_place_of_cell(site.owner, step, whichever_loop=own):
            last, outputs, states = loop(*given.args, **given.kwargs)
        if self._outside and not kept:
            kept = in_steps(site.owner, self._outside, asked)
            latest.update(dict.fromkeys(asked, (None, None)))
        self._outside = None
        if carried is not None:
            states, end = _taken_out(states)
            self.carried.update(carried.statistics(end))
        elif kept:
            self.carried.update(self._reduced(asked, kept, given.arguments, site.owner))
        if self.probes is None:
            self.seen.update(latest)
        self.loops.update(dict.fromkeys(latest, run))
        self.calls.update(name for name, _ in latest)
        return last, outputs, states

    def _asked(self, run: Run) -> Asked:
        """Return what is asked of the calls in a loop."""
        return {
            call: (probe, self.ends.get(call, {}))
            for call, probe in (self.probes or {}).items()
            if probe.run == run
        }

    def _reduced(
        self, asked: Asked, kept: list[Steps], given: Mapping[str, Any], layer: Any
    ) -> dict[Call, Tensor]:
        """Return the statistics of what the steps of a loop gave.

        Keras may try a step before the loop; masks are in the order of the sequence.
        """
        steps = kept[-first_tensor(given["sequences"]).shape[1] :]
        mask = first_tensor(given.get("mask"))
        if mask is not None and layer.go_backwards:
            mask = keras.ops.flip(mask, 1)
        found = {}
        for call, (probe, ends) in asked.items():
            if all(call in step for step in steps):
                x, y = (
                    self.reductions.joined([step[call][i] for step in steps])
                    for i in range(2)
                )
                axis = None if probe.axis is None else probe.axis + 1
                found[call] = self.reductions.reduce(
                    replace(probe, axis=axis), x, y, ends, mask
                )
        return found


def _listed(states: Any) -> list[Any]:
    return list(states) if isinstance(states, list | tuple) else [states]


def _first_of_all(states: list[Any]) -> bool:
    """Whether one more state stands first.

    Keras on JAX takes the first of the last state for the output of a masked step
    where the first one is nested, as that of stacked cells is.
    """
    return isinstance(states[0], list | tuple)


def _put_in(states: list[Any], one: Tensor) -> list[Any]:
    return [[one], *states] if _first_of_all(states) else [*states, one]


def _taken_out(states: Any) -> tuple[list[Any], Tensor]:
    states = list(states)
    if _first_of_all(states):
        return states[1:], states[0][0]
    return states[:-1], states[-1]


Step = Callable[[Any, Any, Any, dict[str, Any]], Any]


class _Standing:
    """What a loop calls as its cell: all that the cell is, but for the call."""

    def __init__(self, cell: Any, step: Step) -> None:
        self.__dict__.update(_cell=cell, _step=step, _thread=threading.get_ident())

    def __call__(self, inputs: Any, states: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != self._thread:
            return self._cell(inputs, states, **kwargs)
        return self._step(self._cell, inputs, states, kwargs)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._cell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cell, name)


@contextlib.contextmanager
def _in_place_of_cell(
    layer: Any, step: Step, *, whichever_loop: bool
) -> Iterator[None]:
    """Let a loop call a step; one that calls no cell is taken only where it may be."""
    own = vars(layer)
    placed = {"cell": _Standing(layer.cell, step)}
    if "use_cudnn" in own and not whichever_loop:
        placed["use_cudnn"] = False  # type: ignore[assignment]
    before = {name: own[name] for name in placed if name in own}
    own.update(placed)
    try:
        yield
    finally:
        for name in placed:
            del own[name]
        own.update(before)
