"""Records what a model's activations give in one call of the model."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_acts.diagnosis.watching.loops import Cells
from keras_acts.diagnosis.watching.masks import Masks, first_tensor
from keras_acts.diagnosis.watching.reductions import Probe, Reductions
from keras_acts.diagnosis.watching.sites import Site
from keras_acts.diagnosis.watching.taps import tapped, wrapped

Tensor = Any
Call = tuple[str, int]
"""A site by name, and the number of its call, from 1 on, within one of the model."""


def key(call: Call) -> str:
    """Return a call as a key of dicts that backends take through their compilers."""
    return f"{call[0]}\n{call[1]}"


def is_real(tensor: Any) -> bool:
    """Whether a value is a tensor of floating-point numbers."""
    return tensor is not None and bool(
        keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
    )


@dataclass
class Recorder:
    """Reduces the output of each activation in the moment it is computed.

    Attributes:
        probes: What is asked of each call.
        reductions: How it is computed.
        loops: The recurrent layers whose cells are listened to.
        layers: The layers whose masks say which steps count; none without masks.
        reachable: Whether a tensor can be read outside of the call that made it.
    """

    probes: Mapping[Call, Probe]
    reductions: Reductions
    loops: tuple[Site, ...] = ()
    layers: tuple[Site, ...] = ()
    reachable: Callable[[Tensor], bool] = lambda _: True
    found: dict[str, Tensor] = field(default_factory=dict)
    _calls: Counter[str] = field(default_factory=Counter)
    _ends: Mapping[str, Any] = field(default_factory=dict)
    _masks: Masks = field(default_factory=Masks)
    _cells: Cells = field(default_factory=Cells)

    @contextlib.contextmanager
    def recording(
        self, sites: tuple[Site, ...], ends: Mapping[str, Any]
    ) -> Iterator[dict[str, Tensor]]:
        """Fill a dict of statistics by call, for one call of the model.

        Args:
            sites: The sites to listen to.
            ends: Where functions are saturated, by call.
        """
        self.found, self._calls, self._ends = {}, Counter(), ends
        self._masks = Masks()
        by_call = {call: ends.get(key(call), {}) for call in self.probes}
        self._cells = Cells(self.probes, by_call, self.reductions)
        with (
            wrapped(self.layers, self._masks.around),
            wrapped(self.loops, self._cells.around),
            tapped(sites, self._see),
        ):
            yield self.found
        for call, statistics in self._cells.carried.items():
            if self.reachable(statistics):
                self.found[key(call)] = statistics

    def _see(
        self, site: Site, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        x, y = first_tensor(args[0] if args else kwargs), first_tensor(result)
        if site.in_cell:
            self._cells.see(site, x, y)
            return
        self._calls[site.name] += 1
        call = site.name, self._calls[site.name]
        probe = self.probes.get(call)
        if probe is None or not is_real(y) or not self.reachable(y):
            return
        mask = self._masks.of(x, y) if self.layers else None
        if mask is not None and not self.reachable(mask):
            mask = None
        self.found[key(call)] = self.reductions.reduce(
            probe, x, y, self._ends.get(key(call), {}), mask
        )
