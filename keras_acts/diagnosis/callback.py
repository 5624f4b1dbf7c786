"""A callback that looks at a network while it is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any

import keras

from keras_acts.diagnosis.arguments import check_looking, check_verbose
from keras_acts.diagnosis.batches import Batches
from keras_acts.diagnosis.report.history import (
    ACTIVATION_VALUES,
    LAYER_VALUES,
    DiagnosisHistory,
    Snapshot,
)
from keras_acts.diagnosis.report.results import Diagnosis
from keras_acts.diagnosis.session import Session
from keras_acts.diagnosis.tensorboard import Writer, writer_of
from keras_acts.diagnosis.watching.slopes import SATURATED_BELOW


class DiagnosisCallback(keras.callbacks.Callback):
    """Diagnoses a network before training, and after each epoch or some batches.

    It looks at data of its own, since it doesn't see those of `fit`; some hundred
    samples are enough. What it finds is in `history`, a `DiagnosisHistory`. Training
    goes on as it would without it.

    Args:
        data: What `diagnose` takes, but for generators, which can be read only once.
        y: Targets, beside arrays.
        every: `"epoch"`, or after how many batches of training to look again.
        gradients: Whether to measure gradients; None for where data have targets.
        batch_size: The size of the batches of arrays.
        steps: How many batches of data to look at each time, at most; None for all.
        saturated_below: As `diagnose` takes it.
        activations: As `diagnose` takes them.
        log_dir: A folder for TensorBoard, to which each statistic is written as a
            scalar; None for none.
        verbose: Whether to print a line when something is found that was not there
            before.

    Raises:
        ValueError: An argument is invalid.
        ImportError: `log_dir` is given, and no writer is installed.

    Example:
        >>> watch = keras_acts.DiagnosisCallback(np.ones((32, 4)), verbose=False)
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "relu")])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((8, 4)), np.ones((8, 2))
        >>> _ = model.fit(x, y, callbacks=[watch], verbose=0)
        >>> watch.history.steps
        (0, 1)
    """

    def __init__(
        self,
        data: Any,
        y: Any = None,
        *,
        every: int | str = "epoch",
        gradients: bool | None = None,
        batch_size: int = 32,
        steps: int | None = None,
        saturated_below: float = SATURATED_BELOW,
        activations: Sequence[Any] = (),
        log_dir: Any = None,
        verbose: bool = True,
    ) -> None:
        super().__init__()
        whole = isinstance(every, int) and not isinstance(every, bool)
        if every != "epoch" and not (whole and int(every) > 0):
            raise ValueError(
                '`every` must be "epoch" or a positive integer. '
                f"Received: every={every!r}"
            )
        if isinstance(data, Iterator):
            raise ValueError(
                "`data` must be read again each time, and a generator can't be. "
                f"Received: data of type {type(data).__name__}"
            )
        if log_dir is not None and not isinstance(log_dir, str | PathLike):
            raise ValueError(
                f"`log_dir` must be the path of a folder. Received: log_dir={log_dir!r}"
            )
        check_looking(gradients, saturated_below, activations)
        check_verbose(verbose)
        self._data = data, y
        self._reading: dict[str, Any] = {"batch_size": batch_size, "steps": steps}
        Batches.of(data, y, batch_size=batch_size, steps=steps)  # refuses what is wrong
        self._looking: dict[str, Any] = {
            "gradients": gradients,
            "below": saturated_below,
            "activations": activations,
        }
        self._every = every
        self._log_dir = log_dir
        self._verbose = verbose
        self._writer: Writer | None = None if log_dir is None else writer_of(log_dir)
        self._session: Session | None = None
        self._snapshots: list[Snapshot] = []
        self._step = self._epoch = self._first = 0

    @property
    def history(self) -> DiagnosisHistory:
        """What was found so far."""
        return DiagnosisHistory(tuple(self._snapshots))

    def on_train_begin(self, logs: Any = None) -> None:
        """Look at the network before training."""
        del logs
        if self._session is None or self._session.model is not self.model:
            self._session = Session(self.model, **self._looking)
        if self._writer is None and self._log_dir is not None:
            self._writer = writer_of(self._log_dir)
        self._look()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        del logs
        self._epoch, self._first = epoch, self._step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the network if it is time."""
        del logs
        before = self._step
        self._step = self._first + batch + 1
        if self._every != "epoch":
            every = int(self._every)
            if self._step // every > before // every:
                self._look()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the network after each epoch."""
        del epoch, logs
        if self._every == "epoch":
            self._look()

    def on_train_end(self, logs: Any = None) -> None:
        """Close TensorBoard's file."""
        del logs
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _look(self) -> None:
        assert self._session is not None
        self._session.model = self.model  # with the state of the backend
        data, y = self._data
        found = self._session.run(Batches.of(data, y, **self._reading), lambda _: None)
        known = {kind for one in self._snapshots for kind in _kinds(one.diagnosis)}
        self._snapshots.append(Snapshot(self._step, self._epoch, found))
        if self._verbose:
            for one in found.findings:
                if one.kind not in known:
                    print(f"\nDiagnosis at step {self._step}: {one.message}")
        if self._writer is not None:
            self._writer.write(self._step, dict(_scalars(found)))


def _kinds(diagnosis: Diagnosis) -> set[str]:
    return {one.kind for one in diagnosis.findings}


def _scalars(diagnosis: Diagnosis) -> Iterator[tuple[str, float]]:
    for rows, values in (
        (diagnosis.activations, ACTIVATION_VALUES),
        (diagnosis.layers, LAYER_VALUES),
    ):
        for value in values:
            for row in rows:
                number = getattr(row, value)
                if number is not None and math.isfinite(number):
                    yield f"{value}/{row.name}", number
