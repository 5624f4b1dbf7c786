"""Looks at a model on data, once or again and again while it is trained."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras

from keras_acts.diagnosis.batches import Batch, Batches
from keras_acts.diagnosis.report.results import Diagnosis
from keras_acts.diagnosis.report.summary import summarized
from keras_acts.diagnosis.scout import Scouting, scout
from keras_acts.diagnosis.steps.base import Measured
from keras_acts.diagnosis.steps.choice import step_of
from keras_acts.diagnosis.steps.objective import Objective
from keras_acts.diagnosis.totals import Totals
from keras_acts.diagnosis.update import next_update
from keras_acts.diagnosis.watching.recorder import Recorder, key
from keras_acts.diagnosis.watching.reductions import Probe
from keras_acts.diagnosis.watching.sites import IN_LOOP, Sites

_PENDING = 16
"""Batches whose statistics stay on the device, so that it need not wait for each."""


class Session:
    """A model that is looked at; what is compiled for it is kept for the next time.

    Args:
        model: A Keras model.
        loss: A loss; None for the model's own.
        gradients: Whether to measure gradients; None for where there is a loss.
        below: The share of the largest slope below which a function is saturated.
        activations: Further layers that are activations.

    Raises:
        ValueError: Gradients are asked for, and can't be computed.
    """

    def __init__(
        self,
        model: Any,
        *,
        loss: Any = None,
        gradients: bool | None = None,
        below: float,
        activations: Sequence[Any] = (),
    ) -> None:
        self.model = model
        self.sites = Sites.of(model, activations)
        self.below = below
        self._wanted = gradients
        self._activations = activations
        objective = Objective.of(model, loss)
        self._step = step_of(model, objective)
        self._layout: Any = None
        _check_gradients(gradients, self._step.has_gradients, objective)
        trains = bool(model.trainable_variables) or not model.built
        if gradients and not trains:
            raise ValueError(
                "`gradients=True` needs weights that are trained. "
                "Received: a model whose layers are all frozen, or have none"
            )
        self._may = self._step.has_gradients and objective is not None

    def run(self, batches: Batches, progress: Callable[[int], None]) -> Diagnosis:
        """Look at the model on each batch.

        Args:
            batches: The data.
            progress: Is told how many batches are done.

        Raises:
            ValueError: There are no data, or no targets where gradients are asked for.
        """
        totals = Totals()
        last = Measured({})
        with torch_kept(self.model):
            for number, batch in enumerate(batches, 1):
                if number == 1:
                    self.begin(batch)
                last = self.measure(batch)
                totals.samples += batch.size
                totals.batches = number
                if number % _PENDING == 0:
                    self.collect(totals)
                progress(number)
            if not totals.batches:
                raise ValueError(
                    "`data` must have one batch at least. Received: no batch"
                )
            self.collect(totals)
            update = next_update(self.model, last.gradients)
        return summarized(
            self.sites,
            self._scouting,
            self._probes,
            totals,
            self.model,
            update,
            self.below,
        )

    def begin(self, batch: Batch) -> None:
        """See on the first batch what is called, and what to ask of it."""
        self._pending: list[Measured] = []
        if not self.model.built:
            self.model(batch.x, training=False)
            self.sites = Sites.of(self.model, self._activations)
        self.sites.check(self._activations)
        self._with_gradients = self._decide(batch)
        self._scouting: Scouting = scout(self._step, self.sites, batch.x)
        probes = self._probes = self._scouting.probes(self._step, self.below)
        self._rows = self._scouting.rows()
        self._asked = {call: probe.rows for call, probe in probes.items()}
        layout = (
            self._scouting.masked,
            {
                call: (probe.axis, probe.rows, probe.run, probe.units)
                for call, probe in probes.items()
            },
        )
        if layout != self._layout:
            called = {id(one.site) for one in self._scouting.calls.values()}
            sites = tuple(site for site in self.sites.found if id(site) in called)
            loops = self.sites.loops if any(x.run for x in probes.values()) else ()
            layers = self.sites.layers if self._scouting.masked else ()
            recorder = Recorder(probes, self._step.reductions, loops, layers)
            self._step.watch(sites, recorder)
            self._layout = layout
        self._ends = {key(call): _ends(probe) for call, probe in probes.items()}

    def _decide(self, batch: Batch) -> bool:
        """Return whether to measure gradients on such batches."""
        has_targets = batch.y is not None
        if self._wanted and not has_targets:
            raise ValueError(
                "`data` must have targets where `gradients=True`. "
                "Received: batches of inputs alone"
            )
        trains = bool(self.model.trainable_variables)
        return self._wanted is not False and self._may and has_targets and trains

    def measure(self, batch: Batch) -> Measured:
        """Measure a batch; what is found stays on the device for now."""
        step = self._step
        if self._with_gradients and batch.y is None:
            raise ValueError(
                "`data` must have targets in each batch, or in none. "
                "Received: a batch without targets behind one with them"
            )
        look = step.gradients if self._with_gradients else step.statistics
        found = look(batch, self._ends)
        self._pending.append(found)
        return found

    def collect(self, totals: Totals) -> None:
        """Add what is still on the device to the totals."""
        for call, row in self._rows.items():
            each = [one.activations.get(key(call)) for one in self._pending]
            found = [_array(one) for one in each if one is not None]
            if found:
                totals.add(row, self._asked[call], found)
            if len(found) < len(each):
                self._scouting.uncovered.setdefault(call[0], IN_LOOP)
        for one in self._pending:
            if one.norms is not None:
                totals.norms.append(_array(one.norms))
                totals.losses.append(float(_array(one.loss)))
        self._pending.clear()


def _check_gradients(
    wanted: bool | None, possible: bool, objective: Objective | None
) -> None:
    if not wanted:
        return
    if not possible:
        raise ValueError(
            "`gradients` must be False or None on a backend that can't train; set "
            "KERAS_BACKEND to torch, jax or tensorflow to measure them. "
            f"Received: gradients=True on {keras.backend.backend()}"
        )
    if objective is None:
        raise ValueError(
            "`gradients=True` needs a loss: compile the model, or give `loss`. "
            "Received: a model that is not compiled, and loss=None"
        )


def _ends(probe: Probe) -> Mapping[str, Any]:
    """Return the points from which on a function is saturated, as tensors."""
    if probe.slope is None:
        return {}
    points = {"low": probe.slope.low, "high": probe.slope.high}
    return {
        name: keras.ops.convert_to_tensor(point)
        for name, point in points.items()
        if name in probe.rows
    }


def _array(tensor: Any) -> Any:
    return keras.ops.convert_to_numpy(tensor)


@contextlib.contextmanager
def torch_kept(model: Any) -> Iterator[None]:
    """Restore torch's own state: its random numbers, and which modules train.

    Keras draws a dropout without a seed from torch's generator; the other backends
    have their random state in variables. Each call of a model switches modes.
    """
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    modules = list(model.modules())
    modes = [one.training for one in modules]
    used = torch.cuda.is_available() and torch.cuda.is_initialized()
    devices = list(range(torch.cuda.device_count())) if used else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
